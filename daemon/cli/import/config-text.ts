import type { Place } from './draft.ts';

/** A configuration in YAML or JSON. */
export interface ConfigText {
  readonly value: unknown;
  /** Place of a value, or of the nearest one that exists; its text is the last key of the path. */
  placeOf(path: readonly (string | number)[]): Place;
}

/** Reads YAML, which JSON is a part of; undefined for other text. Anchors are expanded, at most 100 times. */
export async function readConfig(text: string): Promise<ConfigText | undefined> {
  const { LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', uniqueKeys: false });
  if (document.errors.length > 0) return undefined;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
  return {
    value,
    placeOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const node = document.getIn(path.slice(0, length), true) as { readonly range?: readonly number[] } | undefined;
        if (node?.range != null) return { line: lines.linePos(node.range[0]!).line, text: textOf(path) };
      }
      return { line: 1, text: textOf(path) };
    },
  };
}

const textOf = (path: readonly (string | number)[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key + 1}]` : index === 0 ? key : `.${key}`)).join('');
