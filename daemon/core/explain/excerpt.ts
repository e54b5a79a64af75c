/** Maximum number of shown characters of a value. */
const MAX_SHOWN = 200;

/** Removes secrets from a text. */
export type Hide = (text: string) => string;

/** Number of characters of a text that are searched for secrets; secrets are shorter. */
const MAX_SEARCHED = 20_000;

/** The value, or the beginning of its text or JSON when that is long. Reads little more than it shows. */
export function excerpt(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return cut(clean(value, MAX_SHOWN + 1, hide), MAX_SHOWN);
  if (typeof value !== 'object' || value === null) return value;
  const text = beginning(value, MAX_SHOWN + 1, hide);
  return text.length <= MAX_SHOWN ? value : cut(text, MAX_SHOWN);
}

/** Cuts a text to `max` UTF-16 units, with an ellipsis at the end; does not split a surrogate pair. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Beginning of the JSON of a value: correct up to `room` characters, and not much longer. */
function beginning(value: unknown, room: number, hide: Hide): string {
  if (typeof value === 'string') return JSON.stringify(clean(value, room, hide));
  if (Array.isArray(value)) return enclosed('[]', value.values(), room, (item, left) => beginning(item, left, hide));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return enclosed('{}', Object.keys(value).values(), room, (key, left) => {
    const name = JSON.stringify(clean(key, left, hide));
    return `${name}:${beginning((value as Record<string, unknown>)[key], left - name.length, hide)}`;
  });
}

function enclosed<T>(
  [open, close]: string,
  items: Iterable<T>,
  room: number,
  textOf: (item: T, left: number) => string,
): string {
  let text = open!;
  for (const item of items) {
    if (text.length >= room) return text;
    text += (text === open ? '' : ',') + textOf(item, Math.max(0, room - text.length));
  }
  return text + close!;
}

/** First `room` characters of a text without secrets. Secrets are removed before the text is cut; otherwise a part of one could remain. */
function clean(text: string, room: number, hide: Hide): string {
  const shown = hide(text.slice(0, MAX_SEARCHED));
  return (text.length > MAX_SEARCHED ? shown.padEnd(room, '…') : shown).slice(0, room);
}
