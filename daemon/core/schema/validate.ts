import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { below } from '../pointer.ts';
import type { Schema } from './json-schema.ts';
import { type Explained, explain } from './explain.ts';

/** One thing that is wrong in one place of a document; a Problem once the place has become file, line and column. */
export interface Finding {
  readonly pointer: string;
  /** Whether the key or the value is wrong. */
  readonly at: 'key' | 'value';
  readonly code: string;
  readonly message: string;
  readonly mend: string;
  /** Characters into a text value. */
  readonly offset?: number;
  /** The message repeats part of the value. */
  readonly quotes?: boolean;
}

/** What validation needs to know of the place. `noun` is what the whole is called: `a rule`. `hidden`: the value must not be repeated. */
export interface Place {
  readonly pointer: string;
  readonly noun: string;
  readonly hidden: (pointer: string) => boolean;
}

const validators = new WeakMap<Schema, ValidateFunction>();
let ajv: Ajv | undefined;

function validatorOf(schema: Schema): ValidateFunction {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  ajv ??= new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    ownProperties: true,
    validateFormats: false,
    addUsedSchema: false,
    // The schemas are our own, and tests check them; at every start it would take a third of the time that compiling them takes.
    meta: false,
    validateSchema: false,
    // It takes longer than what it saves.
    code: { optimize: false },
  }).addKeyword('belfry');
  const validator = ajv.compile(schema);
  validators.set(schema, validator);
  return validator;
}

export function fits(schema: Schema, value: unknown): boolean {
  return validatorOf(schema)(value);
}

/** Everything that is wrong with a value by its schema, one finding for each mistake a person made. */
export function validate(schema: Schema, value: unknown, place: Place): Finding[] {
  const validator = validatorOf(schema);
  if (validator(value)) return [];
  const errors = essential(validator.errors ?? []);
  return withoutEchoes(errors.map((error) => ({ error, explained: explain(error, place) }))).map(
    ({ error, explained }) => ({
      ...explained,
      pointer: place.pointer + error.instancePath + explained.pointer,
    }),
  );
}

/** A union fails with the errors of all its branches: keeps those of the branch that was meant, or the union's own. */
function essential(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const inside = (error: ErrorObject, union: ErrorObject): boolean =>
    error !== union &&
    error.schemaPath.startsWith(`${union.schemaPath}/`) &&
    (error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`));
  const outer = unions.filter((union) => !unions.some((other) => inside(union, other)));
  const plain = errors.filter((error) => !outer.includes(error) && !outer.some((union) => inside(error, union)));
  return [
    ...plain,
    ...outer.flatMap((union) =>
      meant(
        union,
        errors.filter((error) => inside(error, union)),
      ),
    ),
  ];
}

function meant(union: ErrorObject, errors: readonly ErrorObject[]): ErrorObject[] {
  const branches = new Map<string, ErrorObject[]>();
  for (const error of errors) {
    const branch = error.schemaPath.slice(union.schemaPath.length + 1).split('/')[0]!;
    branches.set(branch, [...(branches.get(branch) ?? []), error]);
  }
  const rightKind = [...branches.values()].filter((branch) => !branch.some((error) => wrongKind(error, union)));
  const best = rightKind.map(essential).sort((a, b) => strangeness(a) - strangeness(b))[0];
  return best === undefined ||
    (rightKind.length > 1 && best.every((error) => error.instancePath === union.instancePath && isChoice(error)))
    ? [union]
    : best;
}

/** The value is another kind of thing than the branch is about: a list for a string, another word for a constant. */
function wrongKind(error: ErrorObject, union: ErrorObject): boolean {
  if (error.keyword === 'type') return error.instancePath === union.instancePath;
  return error.keyword === 'const' && error.instancePath.startsWith(union.instancePath);
}

const isChoice = ({ keyword }: ErrorObject): boolean =>
  keyword === 'enum' || keyword === 'const' || keyword === 'pattern';

/** How little a branch has to do with what was written: missing keys speak against it more than misspelt ones. */
function strangeness(errors: readonly ErrorObject[]): number {
  return errors.reduce(
    (sum, { keyword }) => sum + (keyword === 'required' ? 3 : keyword === 'additionalProperties' ? 2 : 1),
    0,
  );
}

/** A misspelt key that was required would be told twice: as unknown and as missing. */
function withoutEchoes<T extends { error: ErrorObject; explained: Explained }>(items: readonly T[]): T[] {
  const misspelt = new Set(
    items.flatMap(({ error, explained }) =>
      explained.meant === undefined ? [] : [below(error.instancePath, explained.meant)],
    ),
  );
  return items.filter(
    ({ error }) =>
      error.keyword !== 'required' || !misspelt.has(below(error.instancePath, String(error.params.missingProperty))),
  );
}
