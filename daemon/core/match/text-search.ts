/** Product of the lengths up to which the search of the engine is used; it is faster, but takes that many steps for some texts. */
const MAX_PRODUCT = 10_000_000;

const isShort = (text: string, part: string): boolean => text.length * part.length <= MAX_PRODUCT;

/**
 * First position of a part at or after `from`, or -1, in a time that grows with the sum of the lengths. The engine's own `indexOf`,
 * `includes` and `split` grow with their product: two hostile texts of one event would stop the daemon for seconds.
 */
export function indexOfText(text: string, part: string, from = 0): number {
  if (isShort(text, part)) return text.indexOf(part, from);
  return positions(text, part, from).next().value ?? -1;
}

/** Last position of a part that is not after `from`, or -1. */
export function lastIndexOfText(text: string, part: string, from = text.length): number {
  if (isShort(text, part)) return text.lastIndexOf(part, from);
  let last = -1;
  for (const at of positions(text, part, 0)) {
    if (at > from) break;
    last = at;
  }
  return last;
}

/** The texts between the occurrences of a separator. */
export function splitText(text: string, separator: string): string[] {
  if (isShort(text, separator)) return text.split(separator);
  const parts: string[] = [];
  let from = 0;
  for (const at of positions(text, separator, 0)) {
    if (at < from) continue;
    parts.push(text.slice(from, at));
    from = at + separator.length;
  }
  return [...parts, text.slice(from)];
}

/** All positions of a part that is not empty, also overlapping ones (Knuth, Morris and Pratt). */
function* positions(text: string, part: string, from: number): Generator<number, undefined> {
  const borders = bordersOf(part);
  let matched = 0;
  for (let at = Math.max(0, from); at < text.length; at += 1) {
    while (matched > 0 && text.charCodeAt(at) !== part.charCodeAt(matched)) matched = borders[matched - 1]!;
    if (text.charCodeAt(at) === part.charCodeAt(matched)) matched += 1;
    if (matched < part.length) continue;
    yield at - part.length + 1;
    matched = borders[matched - 1]!;
  }
  return undefined;
}

/** For each beginning of the part: length of its longest proper beginning that is also its end. */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length);
  let length = 0;
  for (let at = 1; at < part.length; at += 1) {
    while (length > 0 && part.charCodeAt(at) !== part.charCodeAt(length)) length = borders[length - 1]!;
    if (part.charCodeAt(at) === part.charCodeAt(length)) length += 1;
    borders[at] = length;
  }
  return borders;
}
