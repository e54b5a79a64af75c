/** Maximum number of characters that are shown of a value. */
export const MAX_SHOWN = 200;

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

/** At most so many characters, the last of them an ellipsis if there were more; no character is halved. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** JSON, not much longer than `room` characters; only as far as that it is whole. */
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

/** First `room` characters of a text without secrets. They are removed before the text is shortened, otherwise a part of one would stay. */
function clean(text: string, room: number, hide: Hide): string {
  const shown = hide(text.slice(0, MAX_SEARCHED));
  return (text.length > MAX_SEARCHED ? shown.padEnd(room, '…') : shown).slice(0, room);
}
