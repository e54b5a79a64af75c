import type { ConditionView } from './conditions.ts';
import { cut } from './excerpt.ts';

type Words = (condition: ConditionView) => string;

const must =
  (verb: string): Words =>
  ({ path, expected, ...seen }) =>
    `${path} ${is(seen)}, and must ${verb} ${inWords(expected)}`;

/** What is wrong when a condition does not hold, for those of which `must OPERATOR EXPECTED` does not say it well. */
const WORDS: Readonly<Record<string, Words>> = {
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
  none: ({ path, actual }) => `${actual as string} under ${path} hold, and not one may`,
  cel: ({ path, missing, error }) => {
    if (error !== undefined) return `\`${path}\` failed: ${error}`;
    return missing === undefined
      ? `\`${path}\` is false`
      : `\`${path}\` asks for a field that is missing (${String(missing)})`;
  },
};

/** Settings of the rule, not fields of the event. */
const SETTINGS: Readonly<Record<string, Words>> = {
  on: ({ actual, expected }) => `it is from ${inWords(actual)}, and \`on\` wants ${inWords(expected)}`,
  enabled: () => 'the rule is disabled',
  catch_all: ({ actual }) => `another rule wants it: ${(actual as readonly string[]).join(', ')}`,
};

/** Why a condition does not hold, for a person: `data.ms is 120, and must be gt 500`. */
export function failureText(condition: ConditionView): string {
  const { path, operator } = condition;
  const words = wordsFor(SETTINGS, path) ?? wordsFor(WORDS, operator) ?? must(`be ${operator}`);
  return words(condition);
}

function wordsFor(list: Readonly<Record<string, Words>>, name: string): Words | undefined {
  return Object.hasOwn(list, name) ? list[name] : undefined;
}

function is({ actual, missing }: Pick<ConditionView, 'actual' | 'missing'>): string {
  return missing === undefined ? `is ${inWords(actual)}` : 'is missing';
}

/** JSON, so that 5 and "5" are told apart. */
function inWords(value: unknown): string {
  return cut(Array.isArray(value) ? value.map(inWords).join(', ') : (JSON.stringify(value) ?? 'null'), 300);
}
