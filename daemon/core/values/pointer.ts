/** Appends segments to a JSON pointer (RFC 6901). */
export function joinPointer(pointer: string, ...segments: readonly (string | number)[]): string {
  let joined = pointer;
  for (const segment of segments) {
    joined += `/${typeof segment === 'string' && SPECIAL.test(segment) ? escaped(segment) : segment}`;
  }
  return joined;
}

const SPECIAL = /[~/]/;

function escaped(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Splits a JSON pointer into its segments. */
export function segmentsOf(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a position of a document; undefined if there is none. */
export function valueAt(data: unknown, segments: readonly string[]): unknown {
  let value = data;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[segment];
  }
  return value;
}

/** Name of a position for people: its key, or `item 2 of notify` for an entry of a list. */
export function nameOf(pointer: string): string {
  const segments = segmentsOf(pointer);
  const last = segments.at(-1);
  if (last === undefined) return 'the file';
  const parent = segments.at(-2);
  return /^\d+$/.test(last) && parent !== undefined ? `item ${Number(last) + 1} of \`${parent}\`` : `\`${last}\``;
}
