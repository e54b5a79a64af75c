import { parseJson } from '../core/values/json.ts';

/** JSON from a file, or where it stops being any; lines and columns count from 1. */
export type ReadJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly message: string };

/** What the runtime says of wrong JSON has a place in some cases only, so it is looked for here. */
export function readJsonText(given: string): ReadJson {
  const text = given.replace(/^\uFEFF/, '');
  try {
    return { ok: true, value: parseJson(text) };
  } catch {
    const at = wrongAt(text);
    const before = text.slice(0, at).split('\n');
    const found = /^[^\s,:{}[\]"]+|^[^]/u.exec(text.slice(at, at + 40))?.[0];
    return {
      ok: false,
      line: before.length,
      column: before.at(-1)!.length + 1,
      message: found === undefined ? 'it ends too early' : `${JSON.stringify(found)} does not belong here`,
    };
  }
}

const SPACE = /[ \t\r\n]*/y;
const TOKENS: readonly { readonly kind: 'text' | 'scalar' | 'mark'; readonly at: RegExp }[] = [
  // oxlint-disable-next-line no-control-regex
  { kind: 'text', at: /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y },
  { kind: 'scalar', at: /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y },
  { kind: 'mark', at: /[{}[\],:]/y },
];

/** What may come next. `item` and `key` begin a list or a map, which may also end there. */
type Wanted = 'value' | 'item' | 'key' | 'next key' | 'colon' | 'more';

/** RFC 8259 read up to the first character that cannot be right. */
function wrongAt(text: string): number {
  const open: string[] = [];
  let wanted: Wanted = 'value';
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    at += SPACE.exec(text)![0].length;
    const token = tokenAt(text, at);
    const next: Wanted | undefined = token === undefined ? undefined : after(wanted, token, open);
    if (next === undefined) return at;
    wanted = next;
    at += token!.text.length;
  }
}

interface Token {
  readonly kind: 'text' | 'scalar' | 'mark';
  readonly text: string;
}

function tokenAt(text: string, place: number): Token | undefined {
  for (const { kind, at } of TOKENS) {
    at.lastIndex = place;
    const found = at.exec(text);
    if (found !== null) return { kind, text: found[0] };
  }
  return undefined;
}

/** What is wanted after a token; undefined when it is not what was wanted. `open` holds what closes each open bracket. */
function after(wanted: Wanted, token: Token, open: string[]): Wanted | undefined {
  const mark = token.kind === 'mark' ? token.text : undefined;
  const isOpen = open.length > 0;
  if (wanted === 'colon') return mark === ':' ? 'value' : undefined;
  if (wanted === 'key' || wanted === 'next key') {
    if (token.kind === 'text') return 'colon';
    return wanted === 'key' && mark === '}' ? closed(open) : undefined;
  }
  if (wanted === 'more') {
    if (mark === ',' && isOpen) return open.at(-1) === '}' ? 'next key' : 'value';
    return isOpen && mark === open.at(-1) ? closed(open) : undefined;
  }
  if (wanted === 'item' && mark === ']') return closed(open);
  if (mark === '{' || mark === '[') {
    open.push(mark === '{' ? '}' : ']');
    return mark === '{' ? 'key' : 'item';
  }
  return mark === undefined ? 'more' : undefined;
}

function closed(open: string[]): Wanted {
  open.pop();
  return 'more';
}
