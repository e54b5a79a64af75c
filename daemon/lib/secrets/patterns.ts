import { MARK, type PatternTrie } from './pattern-trie.ts';

/** A text to look for. */
export interface SecretPart {
  readonly text: string;
  /** Where it is looked for: in every text that leaves, or only in what far sides answer. */
  readonly search: 'everywhere' | 'answers';
  /** A part of it is no secret by itself. */
  readonly whole?: boolean;
  /** It begins as texts do that are no secret: `https://`, `Bearer`. */
  readonly publicStart?: boolean;
}

/** Shorter ones are not masked: `***` in place of `ab1` in a text that is not ours tells what stood there. Answers with them are withheld. */
export const MIN_MASKED_LENGTH = 6;
/** Shorter ones count only as words of their own, else no answer would be left. */
const MIN_INSIDE_LENGTH = 4;
/** Longer ones are looked for in pieces, so that a part of one is found too. */
const MAX_WHOLE_LENGTH = 64;
const PIECE = 32;

/** Puts a secret into the trie, with each way in which it may be encoded as a whole. How single characters are escaped is the finder's matter. */
export function addPatterns(trie: PatternTrie, { text: secret, search, whole, publicStart }: SecretPart): void {
  const marks = marksOf(secret, search) & (publicStart === true ? ~MARK.cut : -1);
  for (const piece of whole === true ? [secret] : piecesOf(secret)) {
    trie.insert(bytesOf(piece), marks);
    if (secret.length >= MIN_INSIDE_LENGTH) addEncoded(trie, piece, marks);
  }
}

function marksOf(secret: string, search: SecretPart['search']): number {
  if (secret.length < MIN_INSIDE_LENGTH) return MARK.word;
  if (secret.length < MIN_MASKED_LENGTH) return MARK.withheld;
  return MARK.answers | MARK.cut | (search === 'everywhere' ? MARK.everywhere : 0);
}

function piecesOf(secret: string): string[] {
  if (secret.length <= MAX_WHOLE_LENGTH) return [secret];
  const characters = Array.from(secret);
  const count = Math.floor(characters.length / PIECE);
  // The last piece takes the rest, so that none is short.
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * PIECE, index === count - 1 ? undefined : (index + 1) * PIECE).join(''),
  );
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Base64 and hexadecimal, of the secret itself and of its form in JSON and in URLs. */
function addEncoded(trie: PatternTrie, piece: string, marks: number): void {
  const forms = [...new Set([piece, JSON.stringify(piece).slice(1, -1), inUrl(piece)])].map(bytesOf);
  // ISO 8859-1, where it differs from UTF-8.
  const latin =
    /[\u0080-\u00ff]/.test(piece) && !/[\u0100-\uffff]/.test(piece) ? Buffer.from(piece, 'latin1') : undefined;
  if (latin !== undefined) trie.insert(latin, marks);
  for (const bytes of latin === undefined ? forms : [...forms, latin]) {
    for (const hex of [bytes.toString('hex'), bytes.toString('hex').toUpperCase()])
      trie.insert(Buffer.from(hex), marks);
    for (const offset of [0, 1, 2]) addBase64(trie, bytes, offset, marks);
  }
}

/** Half a character beyond the basic plane has no form in URLs. */
const inUrl = (text: string): string => encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));

/** The digits that the secret alone decides when `offset` bytes of a group of three stand before it; a digit that it shares with its neighbours is marked. */
function addBase64(trie: PatternTrie, bytes: Buffer, offset: number, marks: number): void {
  const digits = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  const before = offset === 0 ? 0 : MARK.before;
  const after = (offset + bytes.length) % 3 === 0 ? 0 : MARK.after;
  const needle = digits.slice(first, end);
  for (const form of new Set([needle, needle.replaceAll('+', '-').replaceAll('/', '_')]))
    trie.insert(Buffer.from(form), marks | before | after);
}
