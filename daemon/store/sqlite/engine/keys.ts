/** Row numbers count from here, so that 41 bits of milliseconds and 12 bits of counter stay exact in a JavaScript number until 2089. */
const EPOCH = Date.UTC(2020, 0, 1);
const COUNTERS = 4096;
/** Room is left above for rows that are numbered one after another because a clock was once far ahead. */
const HIGHEST = 2 ** 53 - 2 ** 40;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The row number that belongs to a time in milliseconds since the epoch. */
export function seqOfTime(ms: number): number {
  return Math.min(Math.max(1, Math.floor(ms - EPOCH) * COUNTERS), HIGHEST);
}

/** The time a row number stands for, in milliseconds since the epoch. */
export function timeOfSeq(seq: number): number {
  return Math.floor(seq / COUNTERS) + EPOCH;
}

/**
 * The row number that a UUIDv7 carries in itself: its 48-bit time and the 12 bits after the version. A row that lies there is
 * found by its id without an index. undefined for every other id.
 */
export function seqOfId(id: string): number | undefined {
  if (!UUID_V7.test(id)) return undefined;
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const seq = (ms - EPOCH) * COUNTERS + Number.parseInt(id.slice(15, 18), 16);
  return seq > 0 && seq < HIGHEST ? seq : undefined;
}

/** 53 bits of a text, for tables that are checked against the text itself afterwards (cyrb53, public domain). */
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

/** 32 bits of an id: tells a delivery from another whose id carries the same row number. */
export function shortHashOf(text: string): number {
  return hashOf(text) >>> 0;
}

/** Gives out row numbers, always rising. */
export class Sequence {
  #last: number;

  constructor(last: number) {
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  /** The number that the id carries when it is still free for certain, else the next one; then `named` says that the id must be written down beside it. */
  place(id: string, now: number, trusted: boolean): { readonly seq: number; readonly named: boolean } {
    const own = trusted ? seqOfId(id) : undefined;
    const named = own === undefined || own <= this.#last;
    this.#last = named ? Math.max(this.#last + 1, Math.min(seqOfTime(now), HIGHEST)) : own;
    return { seq: this.#last, named };
  }
}
