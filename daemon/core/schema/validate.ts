import { joinPointer } from '../values/pointer.ts';
import { type Explained, explain } from './explain.ts';
import type { Schema } from './json-schema.ts';
import { type Finding, type Mismatch, mismatchesOf, type ValidationContext } from './mismatch.ts';

/** Validates a value by its schema: one finding for each mistake that a person made. */
export function validate(schema: Schema, value: unknown, context: ValidationContext): Finding[] {
  const found = mismatchesOf(schema, value);
  if (found.length === 0) return [];
  return withoutRepeats(essential(found).map((error) => ({ error, explained: explain(error, context) }))).map(
    ({ error, explained }) => ({
      ...explained,
      pointer: context.pointer + error.instancePath + explained.pointer,
    }),
  );
}

/** Replaces the errors of all branches of a union by those of the branch that fits best, or by the error of the union. */
function essential(errors: readonly Mismatch[]): Mismatch[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  const inside = (error: Mismatch, union: Mismatch): boolean =>
    error !== union &&
    error.schemaPath.startsWith(`${union.schemaPath}/`) &&
    (error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`));
  const outer = unions.filter((union) => !unions.some((other) => inside(union, other)));
  const plain = errors.filter((error) => !outer.includes(error) && !outer.some((union) => inside(error, union)));
  return [
    ...plain,
    ...outer.flatMap((union) =>
      bestBranch(
        union,
        errors.filter((error) => inside(error, union)),
      ),
    ),
  ];
}

function bestBranch(union: Mismatch, errors: readonly Mismatch[]): Mismatch[] {
  const rightKind = branchesOf(union, errors).filter((branch) => !isWrongKind(branch, union));
  const best = rightKind.map(essential).sort((a, b) => costOf(a) - costOf(b))[0];
  return best === undefined ||
    (rightKind.length > 1 && best.every((error) => error.instancePath === union.instancePath && isChoice(error)))
    ? [union]
    : best;
}

/** Errors inside a union, by its branch. */
function branchesOf(union: Mismatch, errors: readonly Mismatch[]): Mismatch[][] {
  const branches = new Map<string, Mismatch[]>();
  for (const error of errors) {
    if (!error.schemaPath.startsWith(`${union.schemaPath}/`)) continue;
    const branch = error.schemaPath.slice(union.schemaPath.length + 1).split('/')[0]!;
    branches.set(branch, [...(branches.get(branch) ?? []), error]);
  }
  return [...branches.values()];
}

/** Whether the value has another type than the branch, such as a list instead of a string. A branch that is a union has the types of its branches. */
function isWrongKind(branch: readonly Mismatch[], union: Mismatch): boolean {
  const isHere = ({ instancePath }: Mismatch): boolean => instancePath === union.instancePath;
  // The outermost union of the branch has the shortest path.
  const [nested] = branch
    .filter((error) => error.keyword === 'anyOf' && isHere(error))
    .toSorted((a, b) => a.schemaPath.length - b.schemaPath.length);
  return nested === undefined
    ? branch.some((error) => error.keyword === 'type' && isHere(error))
    : branchesOf(nested, branch).every((inner) => isWrongKind(inner, nested));
}

const isChoice = ({ keyword }: Mismatch): boolean => keyword === 'enum' || keyword === 'pattern';

/** Cost of the errors of a branch: a missing key costs more than a misspelt one. The branch with the least cost fits best. */
function costOf(errors: readonly Mismatch[]): number {
  return errors.reduce(
    (sum, { keyword }) => sum + (keyword === 'required' ? 3 : keyword === 'additionalProperties' ? 2 : 1),
    0,
  );
}

/** Removes the report of a missing key if a misspelling of it is reported as an unknown key. */
function withoutRepeats<T extends { error: Mismatch; explained: Explained }>(items: readonly T[]): T[] {
  const misspelt = new Set(
    items.flatMap(({ error, explained }) =>
      explained.suggested === undefined ? [] : [joinPointer(error.instancePath, explained.suggested)],
    ),
  );
  return items.filter(
    ({ error }) =>
      error.keyword !== 'required' ||
      !misspelt.has(joinPointer(error.instancePath, String(error.params.missingProperty))),
  );
}
