const bytes = (text: string): readonly number[] => [...Buffer.from(text, 'utf8')];
const hex = (value: number, digits = 2): string => value.toString(16).padStart(digits, '0');
const units = (text: string): readonly number[] => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
const isPlain = (byte: number): boolean => /[\w.~-]/.test(String.fromCharCode(byte)) && byte < 128;
export const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const percent = (text: string): string => encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));
const html = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character]!,
  );
const quotedPrintable = (text: string): string =>
  bytes(text)
    .map((byte) => (byte > 32 && byte < 127 && byte !== 61 ? String.fromCharCode(byte) : `=${hex(byte).toUpperCase()}`))
    .join('');

/** Encodings in which a server may repeat a text, by name. */
export const SPELLINGS: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  'percent-encoded': percent,
  'percent-encoded in lower case': (secret) => percent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'percent-encoded twice': (secret) => percent(percent(secret)),
  'percent-encoded wholly': (secret) =>
    bytes(secret)
      .map((byte) => `%${hex(byte)}`)
      .join(''),
  form: (secret) => new URLSearchParams({ a: secret }).toString().slice(2),
  JSON: json,
  'JSON twice': (secret) => json(json(secret)),
  'JSON with escaped slashes': (secret) => json(secret).replaceAll('/', '\\/'),
  'JSON in ASCII': (secret) => json(secret).replace(/[^ -~]|[<>&']/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`),
  'JSON in ASCII twice': (secret) =>
    json(json(secret).replace(/[^ -~]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)),
  'JSON, every character escaped': (secret) =>
    units(secret)
      .map((unit) => `\\u${hex(unit, 4)}`)
      .join(''),
  'a string of bytes': (secret) =>
    bytes(secret)
      .map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : `\\x${hex(byte)}`))
      .join(''),
  HTML: html,
  'HTML of JSON': (secret) => html(json(secret)),
  'HTML twice': (secret) => html(html(secret)),
  'HTML, decimal': (secret) =>
    Array.from(secret)
      .map((character) => `&#${character.codePointAt(0)};`)
      .join(''),
  'HTML, hexadecimal': (secret) =>
    Array.from(secret)
      .map((character) => `&#x${hex(character.codePointAt(0)!).toUpperCase()};`)
      .join(''),
  'percent-encoded JSON': (secret) => percent(json(secret)),
  'JSON of percent-encoded': (secret) => json(percent(secret)),
  'quoted-printable': quotedPrintable,
  'quoted-printable with soft line breaks': (secret) => quotedPrintable(secret).replace(/(?:=..|[^=]){3}/gs, '$&=\r\n'),
  'UTF-16': (secret) => Array.from(secret).join('\0'),
  hexadecimal: (secret) => Buffer.from(secret).toString('hex'),
  'hexadecimal in capitals': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  'base64 in JSON': (secret) => Buffer.from(secret).toString('base64').replaceAll('/', '\\/'),
  'base64, percent-encoded': (secret) => percent(Buffer.from(secret).toString('base64')),
  'base64 in lines': (secret) => Buffer.from(secret).toString('base64').replace(/.{5}/g, '$&\r\n'),
  'base64 of JSON': (secret) => Buffer.from(json(secret)).toString('base64'),
};
