import { MARK, type PatternTrie } from './pattern-trie.ts';

/** A text to search for. */
export interface SecretPart {
  readonly text: string;
  /** Search in every text that leaves the daemon, or only in responses of remote servers. */
  readonly search: 'everywhere' | 'answers';
  /** Parts of it are not secret by themselves. */
  readonly whole?: boolean;
  /** Begins like texts that are not secret: `https://`, `Bearer`. */
  readonly publicStart?: boolean;
}

/** Shorter secrets are not masked, since `***` for `ab1` in a known text would reveal it. Responses that contain them are withheld. */
const MIN_MASKED_LENGTH = 6;
/** Shorter secrets count only as whole words; otherwise nearly every response would be withheld. */
const MIN_INSIDE_LENGTH = 4;
/** Longer secrets are searched for in pieces, so that a part of one is found, too. */
const MAX_WHOLE_LENGTH = 64;
const PIECE = 32;

/** Adds a secret in each encoding of the whole text to the trie. The search handles escapes of single characters. */
export function addPatterns(trie: PatternTrie, { text: secret, search, whole, publicStart }: SecretPart): void {
  const marks = marksOf(secret, search) & (publicStart === true ? ~MARK.truncated : -1);
  for (const piece of whole === true ? [secret] : piecesOf(secret)) {
    trie.insert(bytesOf(piece), marks);
    if (secret.length >= MIN_INSIDE_LENGTH) addEncoded(trie, piece, marks);
  }
}

function marksOf(secret: string, search: SecretPart['search']): number {
  if (secret.length < MIN_INSIDE_LENGTH) return MARK.word;
  if (secret.length < MIN_MASKED_LENGTH) return MARK.withheld;
  return MARK.answers | MARK.truncated | (search === 'everywhere' ? MARK.everywhere : 0);
}

function piecesOf(secret: string): string[] {
  if (secret.length <= MAX_WHOLE_LENGTH) return [secret];
  const characters = Array.from(secret);
  const count = Math.floor(characters.length / PIECE);
  // The last piece takes the rest, so that no piece is short.
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * PIECE, index === count - 1 ? undefined : (index + 1) * PIECE).join(''),
  );
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Adds base64 and hexadecimal of the secret, and of its form in JSON and in URLs. */
function addEncoded(trie: PatternTrie, piece: string, marks: number): void {
  const forms = [...new Set([piece, JSON.stringify(piece).slice(1, -1), inUrl(piece)])].map(bytesOf);
  // ISO 8859-1, if it differs from UTF-8.
  const latin =
    /[\u0080-\u00ff]/.test(piece) && !/[\u0100-\uffff]/.test(piece) ? Buffer.from(piece, 'latin1') : undefined;
  if (latin !== undefined) trie.insert(latin, marks);
  for (const bytes of latin === undefined ? forms : [...forms, latin]) {
    for (const hex of [bytes.toString('hex'), bytes.toString('hex').toUpperCase()])
      trie.insert(Buffer.from(hex), marks);
    for (const offset of [0, 1, 2]) addBase64(trie, bytes, offset, marks);
  }
}

/** URL encoding; lone surrogates, which have none, are replaced. */
const inUrl = (text: string): string => encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));

/** Adds the base64 digits that depend only on the secret if `offset` bytes of a group of three precede it, and marks digits that it shares with its neighbours. */
function addBase64(trie: PatternTrie, bytes: Buffer, offset: number, marks: number): void {
  const digits = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  const before = offset === 0 ? 0 : MARK.before;
  const after = (offset + bytes.length) % 3 === 0 ? 0 : MARK.after;
  const pattern = digits.slice(first, end);
  for (const form of new Set([pattern, pattern.replaceAll('+', '-').replaceAll('/', '_')]))
    trie.insert(Buffer.from(form), marks | before | after);
}
