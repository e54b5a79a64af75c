/** What SQLite's text cannot hold as it is: a NUL ends it when it is read, a lone surrogate has no UTF-8. */
const UNSAFE = /[\0\ud800-\udfff]|^"/;

/** A key that came from outside, as a column holds it: as it is, or as JSON where that would change it. */
export function toColumn(text: string): string {
  return UNSAFE.test(text) ? JSON.stringify(text) : text;
}

export function fromColumn(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
