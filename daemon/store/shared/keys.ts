import { ID_SLOTS } from '../../lib/id.ts';

/** Start of the row numbers: 41 bits of milliseconds and 12 bits of counter are exact in a JavaScript number until 2089. */
const EPOCH = Date.UTC(2020, 0, 1);
const NUMBERS_PER_MS = 4096;
/** Highest row number derived from a time. Numbers above are left for rows that follow one from a clock far ahead. */
const MAX_TIME_SEQ = 2 ** 53 - 2 ** 40;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** First row number of a time in milliseconds since the epoch. */
export function seqOfTime(ms: number): number {
  return Math.min(Math.max(1, Math.floor(ms - EPOCH) * NUMBERS_PER_MS), MAX_TIME_SEQ);
}

/** Time of a row number, in milliseconds since the epoch. */
export function timeOfSeq(seq: number): number {
  return Math.floor(seq / NUMBERS_PER_MS) + EPOCH;
}

/**
 * Row number contained in a UUIDv7: its 48-bit time and the 12 bits after the version. Most rows have the number of their id, so
 * they are found without an index. undefined for every other id.
 */
export function seqOfId(id: string): number | undefined {
  if (!UUID_V7.test(id)) return undefined;
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const seq = (ms - EPOCH) * NUMBERS_PER_MS + Number.parseInt(id.slice(15, 18), 16);
  return seq > 0 && seq < MAX_TIME_SEQ ? seq : undefined;
}

/** Hash of 53 bits (cyrb53, public domain). Rows found by a hash are compared with the text itself afterwards. */
export function hashOf(text: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 2654435761);
    high = Math.imul(high ^ unit, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return 4294967296 * (2097151 & high) + (low >>> 0);
}

/** Hash of 32 bits; distinguishes ids that contain the same row number. */
export function shortHashOf(text: string): number {
  return hashOf(text) >>> 0;
}

/** Row numbers of one millisecond that belong to one instance. */
const NUMBERS_PER_SLOT = NUMBERS_PER_MS / ID_SLOTS;

/** Lowest row number of a slot that is at least `seq`. */
function inSlot(seq: number, slot: number): number {
  const start = Math.floor(seq / NUMBERS_PER_MS) * NUMBERS_PER_MS + slot * NUMBERS_PER_SLOT;
  if (seq < start) return start;
  return seq < start + NUMBERS_PER_SLOT ? seq : start + NUMBERS_PER_MS;
}

/** Assigns row numbers, always rising. */
export class Sequence {
  #last: number;
  readonly #slot: number | undefined;

  /** With a slot (0 to 63), only the numbers of that slot are assigned, so that several instances assign different ones. */
  constructor(last: number, slot?: number) {
    this.#last = last;
    this.#slot = slot;
  }

  get last(): number {
    return this.#last;
  }

  /**
   * Row number for a new id: the one contained in it if the id is `trusted` (made by this program) and the number is still free,
   * else the next one. `named` says that the row cannot be found by its id alone, so the id has to be stored beside it.
   */
  assign(id: string, now: number, trusted: boolean): { readonly seq: number; readonly named: boolean } {
    const own = trusted ? seqOfId(id) : undefined;
    const named = own === undefined || own <= this.#last;
    this.#last = named ? this.#next(now) : own;
    return { seq: this.#last, named };
  }

  /** Leaves out the numbers up to this one. */
  skip(seq: number): void {
    this.#last = Math.max(this.#last, seq);
  }

  #next(now: number): number {
    const seq = Math.max(this.#last + 1, Math.min(seqOfTime(now), MAX_TIME_SEQ));
    return this.#slot === undefined ? seq : inSlot(seq, this.#slot);
  }
}

/** Text that SQLite would change: a NUL ends it when it is read, and a lone surrogate has no UTF-8. */
const UNSAFE = /[\0\ud800-\udfff]|^"/;

/** Column value for a text from outside: the text, or its JSON where SQLite would change it. */
export function toColumn(text: string): string {
  return UNSAFE.test(text) ? JSON.stringify(text) : text;
}

export function fromColumn(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
