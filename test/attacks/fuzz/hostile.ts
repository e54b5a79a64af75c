import * as fc from 'fast-check';

/** Pieces of text that parsers get wrong. */
export const PIECES: readonly string[] = [
  ['\0', '\u0007', '\u001B[31m', '\u007F', '\u0085', '\u2028', '\uFEFF', '\u202E', '\uD800', '\uDC00', '😀', 'é', '日'],
  [
    '\r\n',
    '\n',
    '\n\n',
    '\t',
    ' ',
    '"',
    "'",
    '`',
    '\\',
    '/',
    '//',
    '..',
    ':',
    ';',
    ',',
    '.',
    '#',
    '@',
    '&',
    '=',
    '?',
    '*',
    '!',
    '|',
  ],
  [
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
    '<',
    '>',
    '${',
    '${env:X}',
    '{{',
    '}}',
    '{%',
    '%}',
    '%',
    '%zz',
    '%00',
    '%F0',
    '<<',
    '---',
    '...',
  ],
  [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'length',
    'then',
    'null',
    'true',
    'undefined',
  ],
  [
    '0',
    '-0',
    '-1',
    '-20',
    '1',
    '1.5',
    '1e3',
    '1e400',
    '0x10',
    '1_0',
    '٣',
    'NaN',
    'Infinity',
    '9007199254740993',
    '2147483648',
  ],
  ['9'.repeat(400), 'a'.repeat(5000), ' '.repeat(5000), '['.repeat(2000), '{"a":'.repeat(2000), '('.repeat(500)],
].flat();

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 6 }) },
);

type Apply = (text: string, at: number, length: number, piece: string) => string;

/** Edits of a text at an index. */
const EDITS: readonly Apply[] = [
  (text, at, _, added) => text.slice(0, at) + added + text.slice(at),
  (text, at, length, added) => text.slice(0, at) + added + text.slice(at + length),
  (text, at, length) => text.slice(0, at) + text.slice(at + length),
  (text, at, length) => text.slice(0, at) + text.slice(at, at + length).repeat(2) + text.slice(at + length),
  (text, at) => text.slice(0, at),
  (text, at) => text.slice(at),
  (text, at, length) =>
    text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << (length % 8))) + text.slice(at + 1),
];

/** Valid texts with a few edits, and sometimes none; the edits add these words, or hostile pieces. */
export function mutated(
  examples: readonly string[],
  most = 4,
  words: readonly string[] = PIECES,
): fc.Arbitrary<string> {
  const edit = fc.record({
    apply: fc.constantFrom(...EDITS),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 20 }),
    added: fc.oneof(piece, fc.constantFrom(...words)),
  });
  return fc
    .tuple(fc.constantFrom(...examples), fc.array(edit, { maxLength: most }))
    .map(([text, edits]) =>
      edits.reduce((so, { apply, at, length, added }) => apply(so, at % (so.length + 1), length, added), text),
    );
}

/** Texts that are made of these words, and of hostile pieces now and then. */
export function grammar(words: readonly string[], most = 12): fc.Arbitrary<string> {
  const word = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: piece });
  return fc.array(word, { maxLength: most }).map((given) => given.join(''));
}

/** Texts without any form. */
export const noise = fc.array(piece, { maxLength: 8 }).map((given) => given.join(''));

/** Near-valid texts: of these words, edited examples, and noise. */
export function near(words: readonly string[], examples: readonly string[], most = 12): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: grammar(words, most) },
    { weight: 5, arbitrary: mutated(examples, 4, words) },
    { weight: 1, arbitrary: noise },
  );
}

/** Bytes as a text in Latin-1, which is edited as such. */
export const bytesNear = (words: readonly string[], examples: readonly string[]): fc.Arbitrary<string> =>
  near(words, examples).map((text) => Buffer.from(text, 'utf8').toString('latin1'));

const name = fc.oneof(fc.constantFrom('a', 'data', 'type', 'id', '__proto__', 'constructor', 'toString', ''), piece);
const scalar = fc.oneof(
  piece,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(null, true, false, 0, -0, 1e308, 2 ** 53),
);

/** Any JSON value, with hostile names of fields. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'json' }) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.tuple(name, tie('value')), { maxLength: 4, depthIdentifier: 'json' })
        .map(Object.fromEntries),
    },
  ),
})).value;
