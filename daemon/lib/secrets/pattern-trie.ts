/** Properties of a place in the trie, as bits. */
export const MARK = {
  /** A needle ends here that is looked for in every text. */
  everywhere: 1,
  /** A needle ends here that is looked for in answers of far sides. */
  answers: 2,
  /** A needle ends here that is too short to be masked: the whole answer is withheld. */
  withheld: 4,
  /** The same, for a needle that counts only as a word of its own. */
  word: 8,
  /** The character before the needle holds bits of it (base64). */
  before: 16,
  /** The character after the needle holds bits of it (base64). */
  after: 32,
  /** A text that was cut off here may go on with the needle. */
  cut: 64,
} as const;

/** Marks with which a needle ends. */
export const ENDS = MARK.everywhere | MARK.answers | MARK.withheld | MARK.word;

const ROOT = 0;
const MIN_TRUNCATED_LENGTH = 4;

/** A set of byte strings to be found in texts, as a prefix tree; and a filter by the first three bytes, which decides most places alone. */
export class PatternTrie {
  /** `node * 256 + byte` -> the next node. */
  readonly #children = new Map<number, number>();
  readonly #marks: number[] = [0];
  /** One bit for each three ASCII characters with which a needle begins. */
  readonly #beginnings = new Uint32Array(2 ** 16);
  readonly #firstBytes = new Uint8Array(256);

  insert(bytes: Uint8Array, marks: number): void {
    if (bytes.length === 0) return;
    let node = ROOT;
    for (let index = 0; index < bytes.length; index += 1) {
      const key = node * 256 + bytes[index]!;
      node = this.#children.get(key) ?? this.#grow(key);
      if ((marks & MARK.cut) !== 0 && index + 1 >= MIN_TRUNCATED_LENGTH) this.#marks[node]! |= MARK.cut;
    }
    this.#marks[node]! |= marks & ~MARK.cut;
    this.#firstBytes[bytes[0]!] = 1;
    this.#noteBeginning(bytes);
  }

  /** The node after one more byte; 0 when no needle goes on like this. */
  child(node: number, byte: number): number {
    return this.#children.get(node * 256 + byte) ?? ROOT;
  }

  marks(node: number): number {
    return this.#marks[node]!;
  }

  beginsWith(byte: number): boolean {
    return this.#firstBytes[byte] === 1;
  }

  /** False when surely no needle begins with these three ASCII characters, of seven bits each. */
  mayBegin(index: number): boolean {
    return (this.#beginnings[index >>> 5]! & (1 << (index & 31))) !== 0;
  }

  #grow(key: number): number {
    const node = this.#marks.push(0) - 1;
    this.#children.set(key, node);
    return node;
  }

  /** A needle of less than three bytes begins with whatever may follow it. */
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
