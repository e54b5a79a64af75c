/** One reading of a position of a text: its bytes (none if it may be skipped), and the next position. */
export interface Reading {
  readonly bytes: readonly number[];
  readonly next: number;
}

/** Characters that begin an escape or a line fold: `%41`, `\u0041`, `&#65;`, `=41`, `+` in forms. */
const SPECIAL = new Set(['%', '\\', '&', '=', '+', '\r', '\n', '\0'].map((character) => character.charCodeAt(0)));

/** 1 for the ASCII codes of special characters. */
export const isSpecial: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => (SPECIAL.has(code) ? 1 : 0));

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const AMPERSAND_BYTE = 0x26;
const NO_DIGIT = 255;
/** Values of ASCII codes as hexadecimal digits. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? NO_DIGIT : digit;
});

// Every repetition is bounded: the texts come from remote servers and may be hostile.
const AMPERSAND = String.raw`(?:&|\\{1,8}u0026|%(?:25){0,4}26)(?:amp;|#0{0,4}38;|#x0{0,4}26;){0,4}`;
const BACKSLASHES = [
  String.raw`\\{1,8}`,
  String.raw`(?:%(?:25){0,4}5c){1,8}`,
  String.raw`(?:${AMPERSAND}(?:#0{0,4}92|#x0{0,4}5c|bsol);){1,8}`,
].join('|');

const CODED = new RegExp(
  String.raw`(?:${BACKSLASHES})(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2})|([0-3][0-7]{2})|([nrtbfv]))`,
  'iy',
);
const ENTITY = new RegExp(String.raw`${AMPERSAND}(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,12}));?`, 'iy');
const ESCAPED_AMPERSAND = /(?:amp;|#0{0,4}38;|#x0{0,4}26;)/iy;
const QUOTED_PRINTABLE = /=([0-9a-f]{2})/iy;
const SOFT_BREAK = /=[ \t]{0,8}(?:\r\n|\n|\r)/y;
const FOLD = /(?:\r\n|\n|\r)[ \t]{0,16}/y;
const PERCENT_UNICODE = /%(?:25){0,4}u([0-9a-f]{4})/iy;

/** Control characters of backslash escapes. */
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, f: 12, v: 11 };

/** HTML names of the characters of ISO 8859-1, in order from U+00A0, and of ASCII. https://html.spec.whatwg.org/#named-character-references */
const LATIN =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
const ASCII =
  'Tab=\t NewLine=\n excl=! quot=" QUOT=" num=# dollar=$ percnt=% amp=& AMP=& apos=\' lpar=( rpar=) ast=* plus=+ comma=, period=. sol=/ colon=: semi=; lt=< LT=< equals== gt=> GT=> quest=? commat=@ lsqb=[ lbrack=[ bsol=\\ rsqb=] rbrack=] Hat=^ lowbar=_ grave=` lcub={ lbrace={ verbar=| vert=| rcub=} rbrace=}';
const NAMES: ReadonlyMap<string, number> = new Map([
  ...LATIN.split(' ').map((name, index) => [name, 0xa0 + index] as const),
  ...ASCII.split(' ').map((pair) => {
    const cut = pair.indexOf('=');
    return [pair.slice(0, cut), pair.charCodeAt(cut + 1)] as const;
  }),
]);

/** All readings of the special character at `at`, except the character itself. */
export function readingsAt(text: string, at: number): Reading[] {
  const found = READERS[text[at]!]?.(text, at) ?? [];
  const passed = found.filter(({ bytes }) => bytes.length === 1 && isPassedOver(bytes[0]!));
  return [...found, ...passed.map(({ next }) => ({ bytes: [], next }))];
}

/** Whether a byte may be skipped: a backslash before a character, a line fold, a zero of UTF-16. */
const isPassedOver = (byte: number): boolean => byte === BACKSLASH || byte === 10 || byte === 13 || byte === 0;

const INCOMPLETE =
  /(?:%(?:25){0,4}[0-9a-f]?|(?:\\{1,8}(?:u[0-9a-f]{0,4}|x[0-9a-f]?)?){1,2}|&(?:amp;){0,4}#?\w{0,8}|=[0-9a-f]?|[\uD800-\uDFFF\uFFFD]{1,3})$/iy;
const MAX_INCOMPLETE_LENGTH = 24;

/** Whether an escape or a character at `at` is truncated by the end of the text, at `limit`. */
export function isIncomplete(text: string, at: number, limit: number): boolean {
  return limit - at <= MAX_INCOMPLETE_LENGTH && matched(INCOMPLETE, text.slice(at, limit), 0) !== null;
}

type Reader = (text: string, at: number) => Reading[];

const READERS: Readonly<Record<string, Reader>> = {
  '%': percent,
  '\\': (text, at) => [...coded(CODED, text, at), ...entity(text, at), { bytes: [], next: at + 1 }],
  '&': (text, at) => [...entity(text, at), ...ampersand(text, at), ...coded(CODED, text, at)],
  '=': (text, at) => [...quotedPrintable(text, at), ...passing(SOFT_BREAK, text, at)],
  '+': (_text, at) => [{ bytes: [0x20], next: at + 1 }],
  '\r': (text, at) => passing(FOLD, text, at),
  '\n': (text, at) => passing(FOLD, text, at),
  '\0': (_text, at) => [{ bytes: [], next: at + 1 }],
};

function matched(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Reads `%41`, and repeated escapes such as `%2541`. The result may be a backslash or `&`, which begins another escape. */
function percent(text: string, at: number): Reading[] {
  const found: Reading[] = [];
  let byte = PERCENT;
  let next = at + 1;
  while (byte === PERCENT) {
    const high = DIGITS[text.charCodeAt(next)] ?? NO_DIGIT;
    const low = DIGITS[text.charCodeAt(next + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return [...found, ...coded(PERCENT_UNICODE, text, at)];
    byte = high * 16 + low;
    next += 2;
    found.push({ bytes: [byte], next });
  }
  if (byte === BACKSLASH) return [...found, ...coded(CODED, text, at)];
  return byte === AMPERSAND_BYTE ? [...found, ...entity(text, at), ...coded(CODED, text, at)] : found;
}

function coded(pattern: RegExp, text: string, at: number): Reading[] {
  const match = matched(pattern, text, at);
  if (match === null) return [];
  const [whole, unit, point, byte, octal, letter] = match;
  const next = at + whole.length;
  if (unit !== undefined) return [codeUnit(Number.parseInt(unit, 16), pattern, text, next)];
  if (point !== undefined) return [{ bytes: utf8(Number.parseInt(point, 16)), next }];
  if (letter !== undefined) return [{ bytes: [CONTROLS[letter.toLowerCase()]!], next }];
  const value = byte === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(byte, 16);
  // A byte in some languages, a character in others.
  return [{ bytes: [value], next }, ...(value > 127 ? [{ bytes: utf8(value), next }] : [])];
}

/** Reads a UTF-16 code unit, or a surrogate pair. */
function codeUnit(unit: number, pattern: RegExp, text: string, next: number): Reading {
  const low = unit >= 0xd800 && unit < 0xdc00 ? matched(pattern, text, next) : null;
  const second = Number.parseInt(low?.[1] ?? '', 16);
  if (low === null || !(second >= 0xdc00 && second < 0xe000)) return { bytes: utf8(unit), next };
  const point = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
  return { bytes: utf8(point), next: next + low[0].length };
}

function entity(text: string, at: number): Reading[] {
  const match = matched(ENTITY, text, at);
  if (match === null) return [];
  const [whole, decimal, hex, name] = match;
  const point =
    name === undefined ? Number.parseInt(decimal ?? hex!, decimal === undefined ? 16 : 10) : NAMES.get(name);
  return point === undefined || point > 0x10ffff ? [] : [{ bytes: utf8(point), next: at + whole.length }];
}

/** Reads `&amp;`, and repeated escapes such as `&amp;amp;`. */
function ampersand(text: string, at: number): Reading[] {
  const found: Reading[] = [];
  for (let next = at + 1; found.length < 5; ) {
    const match = matched(ESCAPED_AMPERSAND, text, next);
    if (match === null) break;
    next += match[0].length;
    found.push({ bytes: [0x26], next });
  }
  return found;
}

function quotedPrintable(text: string, at: number): Reading[] {
  const match = matched(QUOTED_PRINTABLE, text, at);
  return match === null ? [] : [{ bytes: [Number.parseInt(match[1]!, 16)], next: at + 3 }];
}

function passing(pattern: RegExp, text: string, at: number): Reading[] {
  const match = matched(pattern, text, at);
  return match === null ? [] : [{ bytes: [], next: at + match[0].length }];
}

/** UTF-8 bytes of a code point; a lone surrogate becomes U+FFFD, as encoders do. */
export function utf8(point: number): number[] {
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 63)];
  if (point >= 0xd800 && point < 0xe000) return [0xef, 0xbf, 0xbd];
  if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)];
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)];
}
