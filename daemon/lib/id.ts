import { randomFillSync } from 'node:crypto';

const pool = new Uint8Array(4096);
let used = pool.length;
let lastMs = 0;
let counter = 0;

/** UUIDv7 (RFC 9562, 5.7): sorts by time, needs no shared counter. Within one millisecond the 12 bits of rand_a count up, so ids of one process are strictly increasing. */
export function newId(nowMs: number): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + 10);
  used += 10;
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = ((random[0]! << 8) | random[1]!) & 0x7ff;
  } else if ((counter += 1) > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  const time = lastMs.toString(16).padStart(12, '0');
  let tail = (0x80 | (random[2]! & 0x3f)).toString(16);
  for (let index = 3; index < 10; index += 1) tail += random[index]!.toString(16).padStart(2, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
