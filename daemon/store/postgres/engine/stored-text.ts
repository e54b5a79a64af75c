/** Stands for a character or an escape that PostgreSQL does not take; its own occurrences are replaced, too. */
const MARK = '\ue000';
const ESCAPES = /\\(?:\\|u(0000|d[89a-f][0-9a-f]{2}))|\ue000/g;
const NEEDS_ESCAPE = /\\u(?:0000|d[89a-f])|\ue000/;
const MARKED = /\ue000([0-9a-f]{4})/g;

/**
 * A JSON text as PostgreSQL can read it: it refuses the escapes of NUL and of lone surrogates, which `JSON.stringify` writes.
 * https://www.postgresql.org/docs/current/datatype-json.html
 */
export function toStoredJson(json: string): string {
  if (!NEEDS_ESCAPE.test(json)) return json;
  return json.replace(ESCAPES, (found, code: string | undefined) => {
    if (found === MARK) return `${MARK}e000`;
    return code === undefined ? found : `${MARK}${code}`;
  });
}

/** A text that is compared with a stored one. */
export function toStoredText(text: string): string {
  return text.includes(MARK) ? text.replaceAll(MARK, `${MARK}e000`) : text;
}

/** A text or JSON text as it was given. */
export function fromStored(text: string): string {
  if (!text.includes(MARK)) return text;
  return text.replace(MARKED, (_, code: string) => (code === 'e000' ? MARK : `\\u${code}`));
}
