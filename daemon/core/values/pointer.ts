/** RFC 6901: one more step down. */
export function joinPointer(pointer: string, ...steps: readonly (string | number)[]): string {
  let longer = pointer;
  for (const step of steps) longer += `/${typeof step === 'string' && SPECIAL.test(step) ? escaped(step) : step}`;
  return longer;
}

const SPECIAL = /[~/]/;

function escaped(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function segmentsOf(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a place of a document; undefined when there is none. */
export function valueAt(data: unknown, steps: readonly string[]): unknown {
  let value = data;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

/** What a reader calls the place: its key, or `item 2 of notify` for an entry of a list. */
export function nameOf(pointer: string): string {
  const steps = segmentsOf(pointer);
  const last = steps.at(-1);
  if (last === undefined) return 'the file';
  const parent = steps.at(-2);
  return /^\d+$/.test(last) && parent !== undefined ? `item ${Number(last) + 1} of \`${parent}\`` : `\`${last}\``;
}
