import { randomFillSync } from 'node:crypto';

/** Random bytes of an id: one for the variant, the others for its random part and for the first value of the millisecond's counter. */
const RANDOM_BYTES = 10;

const pool = Buffer.alloc(RANDOM_BYTES * 400);
let used = pool.length;
/** Values of the counter of a millisecond that this process may use. */
let first = 0;
let values = 4096;
let lastMs = 0;
let counter = 0;
/** Prefix of all ids of the last millisecond. */
let prefix = '';

/** Makes a UUIDv7 (RFC 9562, 5.7), which sorts by time and needs no shared counter. Within one millisecond the 12 bits of rand_a count up, so ids of one process are strictly increasing. */
export function newId(nowMs: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += RANDOM_BYTES;
  if (nowMs > lastMs) {
    begin(nowMs, pool.readUInt16BE(from) & (values / 2 - 1));
  } else if ((counter += 1) >= values) {
    begin(lastMs + 1, 0);
  }
  const count = (0x7000 | (first + counter)).toString(16);
  const variant = (0x80 | (pool[from + 2]! & 0x3f)).toString(16);
  const random = pool.toString('hex', from + 3, from + RANDOM_BYTES);
  return `${prefix}-${count}-${variant}${random.slice(0, 2)}-${random.slice(2)}`;
}

/** Number of processes that can share the counter of a millisecond. */
export const ID_SLOTS = 64;

/** Lets this process use one part of the counter of each millisecond, so that no two instances make ids with the same time and counter. */
export function useIdSlot(slot: number): void {
  values = 4096 / ID_SLOTS;
  first = slot * values;
  lastMs += 1;
  counter = 0;
}

function begin(ms: number, start: number): void {
  lastMs = ms;
  counter = start;
  const time = ms.toString(16).padStart(12, '0');
  prefix = `${time.slice(0, 8)}-${time.slice(8)}`;
}

/** Time in an id of `newId`, milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
