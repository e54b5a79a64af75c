/** Change of one field, as texts for people; undefined where there is none. */
export interface FieldChange {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields in which two objects differ. */
export function changesOf(before: Fields, after: Fields): readonly FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const [old, next] = [textOf(before[field]), textOf(after[field])];
    return old === next ? [] : [{ field, before: old, after: next }];
  });
}

/** Merge patch (RFC 7396) that makes `after` of `before`: null removes a field. */
export function patchOf(before: Fields, after: Fields): Fields {
  return Object.fromEntries(
    changesOf(before, after).map(({ field }) => {
      const value = after[field];
      // A merge patch adds to a map; the members that are gone are removed by name.
      return [field, isMap(value) && isMap(before[field]) ? patchOf(before[field], value) : (value ?? null)];
    }),
  );
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}
