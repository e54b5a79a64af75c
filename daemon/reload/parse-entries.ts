import { parseYaml } from './parse.ts';

/** An entry stands in the list that stands in the file. */
export const ENTRY_DEPTH = 1;

/**
 * The data of entries of `rules:` that were cut out of their file, as JSON, which goes between threads at a tenth of the cost
 * of objects. Undefined when one is not a whole entry, or has to do with the others by an alias.
 */
export function parseEntries(texts: readonly string[]): string | undefined {
  const entries: unknown[] = [];
  for (const text of texts) {
    const parsed = parseYaml(text, ENTRY_DEPTH);
    if (!parsed.ok || parsed.aliased > 0 || !Array.isArray(parsed.data) || parsed.data.length !== 1) return undefined;
    entries.push(parsed.data[0]);
  }
  return JSON.stringify(entries);
}
