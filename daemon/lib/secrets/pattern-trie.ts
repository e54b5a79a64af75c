/** Properties of a node, as bits. */
export const MARK = {
  /** End of a pattern that is searched for in every text. */
  everywhere: 1,
  /** End of a pattern that is searched for in responses of remote servers. */
  answers: 2,
  /** End of a pattern that is too short to be masked: the whole response is withheld. */
  withheld: 4,
  /** The same for a pattern that counts only as a whole word. */
  word: 8,
  /** The character before the pattern contains bits of it (base64). */
  before: 16,
  /** The character after the pattern contains bits of it (base64). */
  after: 32,
  /** A text that was truncated here may contain the beginning of the pattern. */
  truncated: 64,
} as const;

/** Marks of the end of a pattern. */
export const ENDS = MARK.everywhere | MARK.answers | MARK.withheld | MARK.word;

const ROOT = 0;
const MIN_TRUNCATED_LENGTH = 4;

/** Set of byte strings to search for, as a trie, with a filter by their first three bytes that rejects most positions of a text. */
export class PatternTrie {
  /** `node * 256 + byte` -> the next node. */
  readonly #children = new Map<number, number>();
  readonly #marks: number[] = [0];
  /** One bit for each sequence of three ASCII characters that begins a pattern. */
  readonly #beginnings = new Uint32Array(2 ** 16);
  readonly #firstBytes = new Uint8Array(256);

  insert(bytes: Uint8Array, marks: number): void {
    if (bytes.length === 0) return;
    let node = ROOT;
    for (let index = 0; index < bytes.length; index += 1) {
      const key = node * 256 + bytes[index]!;
      node = this.#children.get(key) ?? this.#grow(key);
      if ((marks & MARK.truncated) !== 0 && index + 1 >= MIN_TRUNCATED_LENGTH) this.#marks[node]! |= MARK.truncated;
    }
    this.#marks[node]! |= marks & ~MARK.truncated;
    this.#firstBytes[bytes[0]!] = 1;
    this.#noteBeginning(bytes);
  }

  /** The node for one more byte; 0 if no pattern continues so. */
  child(node: number, byte: number): number {
    return this.#children.get(node * 256 + byte) ?? ROOT;
  }

  marks(node: number): number {
    return this.#marks[node]!;
  }

  beginsWith(byte: number): boolean {
    return this.#firstBytes[byte] === 1;
  }

  /** False if no pattern begins with these three ASCII characters, of seven bits each. */
  mayBegin(index: number): boolean {
    return (this.#beginnings[index >>> 5]! & (1 << (index & 31))) !== 0;
  }

  #grow(key: number): number {
    const node = this.#marks.push(0) - 1;
    this.#children.set(key, node);
    return node;
  }

  /** Adds the beginning to the filter: of a pattern of less than three bytes, with every possible continuation. */
  #noteBeginning(bytes: Uint8Array): void {
    if (bytes.length < 3) {
      for (let byte = 0; byte < 128; byte += 1) this.#noteBeginning(Uint8Array.of(...bytes, byte));
      return;
    }
    const [first, second, third] = bytes as unknown as readonly [number, number, number];
    if ((first | second | third) > 127) return;
    const index = (first << 14) | (second << 7) | third;
    this.#beginnings[index >>> 5]! |= 1 << (index & 31);
  }
}
