import { randomFillSync } from 'node:crypto';

/** Random bytes of an id: one for the variant, the others for its random part and for the first value of the millisecond's counter. */
const RANDOM_BYTES = 10;

const pool = Buffer.alloc(RANDOM_BYTES * 400);
let used = pool.length;
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
    begin(nowMs, pool.readUInt16BE(from) & 0x7ff);
  } else if ((counter += 1) > 0xfff) {
    begin(lastMs + 1, 0);
  }
  const count = (0x7000 | counter).toString(16);
  const variant = (0x80 | (pool[from + 2]! & 0x3f)).toString(16);
  const random = pool.toString('hex', from + 3, from + RANDOM_BYTES);
  return `${prefix}-${count}-${variant}${random.slice(0, 2)}-${random.slice(2)}`;
}

function begin(ms: number, first: number): void {
  lastMs = ms;
  counter = first;
  const time = ms.toString(16).padStart(12, '0');
  prefix = `${time.slice(0, 8)}-${time.slice(8)}`;
}

/** Time in an id of `newId`, milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
