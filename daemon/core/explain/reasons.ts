import type { ConditionView } from './conditions.ts';
import { cut } from './excerpt.ts';

type Describe = (condition: ConditionView) => string;

const must =
  (verb: string): Describe =>
  ({ path, expected, ...seen }) =>
    `${path} ${is(seen)}, and must ${verb} ${jsonText(expected)}`;

/** Text for a condition that does not hold, by operator; others read `must be OPERATOR EXPECTED`. */
const OPERATORS: Readonly<Record<string, Describe>> = {
  equals: must('be'),
  any_of: must('be one of'),
  not: must('not be'),
  prefix: must('begin with'),
  suffix: must('end with'),
  contains: must('contain'),
  glob: must('fit the path pattern'),
  regex: must('fit'),
  cidr: must('be within'),
  equals_ignore_case: must('be, but for upper and lower case,'),
  exists: ({ path, expected }) => (expected === true ? `${path} is missing` : `${path} is there, and must not be`),
  any: ({ path, actual }) => `${actual as string} under ${path} hold, and at least one must`,
  all: ({ path, actual }) => `${actual as string} under ${path} hold, and every one must`,
  none: ({ path, actual }) => `${actual as string} under ${path} hold, and none may`,
  cel: ({ path, missing, error }) => {
    if (error !== undefined) return `\`${path}\` failed: ${error}`;
    return missing === undefined
      ? `\`${path}\` is false`
      : `\`${path}\` uses a field that is missing (${String(missing)})`;
  },
};

/** Text for conditions on settings of the rule in place of fields of the event. */
const SETTINGS: Readonly<Record<string, Describe>> = {
  on: ({ actual, expected }) => `it is from ${jsonText(actual)}, and \`on\` wants ${jsonText(expected)}`,
  enabled: () => 'the rule is disabled',
  catch_all: ({ actual }) => `another rule matches it: ${(actual as readonly string[]).join(', ')}`,
};

/** Reason why a condition does not hold, as text: `data.ms is 120, and must be gt 500`. */
export function failureText(condition: ConditionView): string {
  const { path, operator } = condition;
  const describe = descriptionFor(SETTINGS, path) ?? descriptionFor(OPERATORS, operator) ?? must(`be ${operator}`);
  return describe(condition);
}

function descriptionFor(list: Readonly<Record<string, Describe>>, name: string): Describe | undefined {
  return Object.hasOwn(list, name) ? list[name] : undefined;
}

function is({ actual, missing }: Pick<ConditionView, 'actual' | 'missing'>): string {
  return missing === undefined ? `is ${jsonText(actual)}` : 'is missing';
}

/** JSON, so that 5 and "5" differ. */
function jsonText(value: unknown): string {
  return cut(Array.isArray(value) ? value.map(jsonText).join(', ') : (JSON.stringify(value) ?? 'null'), 300);
}
