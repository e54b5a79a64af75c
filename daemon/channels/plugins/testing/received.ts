/**
 * Structure of what arrived, without its texts: the names and kinds of all values of JSON, the names of a form. Undefined for other
 * text. If hostile text changes it, the text has become a field, a button or a recipient.
 */
export function structureOf(received: string): string | undefined {
  if (isForm(received)) return [...new URLSearchParams(received).keys()].toSorted().join('&');
  try {
    return JSON.stringify(kinds(JSON.parse(received)));
  } catch {
    return undefined;
  }
}

const isForm = (received: string): boolean => /^[\w.%[\]-]+=/.test(received) && !received.includes('\n');

/** Name without its last part after a dot, where some providers have text of the user: `annotation.TEXT`. */
const plainName = (name: string): string => /^(?:[\w$:-]+\.)+/.exec(name)?.[0] ?? name;

function kinds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(kinds);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [plainName(name), kinds(item)]),
  );
}

/** All texts in what arrived: the strings of JSON, the values of a form, or the whole. */
export function textsOf(received: string): string[] {
  if (isForm(received)) return [...new URLSearchParams(received).values()];
  try {
    return stringsIn(JSON.parse(received));
  } catch {
    return [received];
  }
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** A text that is an address of an attacker, or has a link to one in HTML or Markdown. */
export const isHostileLink = (text: string): boolean =>
  /^\s*(?:javascript|data):/i.test(text) ||
  /^https?:\S*[\r\n]/i.test(text) ||
  /(?:href|src)\s*=\s*["']?\s*(?:javascript|data):/i.test(text) ||
  /(?<!\\)\]\(\s*(?:javascript|data):/i.test(text);
