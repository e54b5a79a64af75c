import { BLOCK_BYTES, encodeHeader, fitsHeader } from './header.ts';

/** Header of a regular file, preceded by its name in full if that does not fit. `mtime` in seconds since the epoch. */
export function memberHead(name: string, size: number, mtime: number): Buffer {
  const head = encodeHeader({ name: fitsHeader(name) ? name : 'long-name', size, type: '0' }, mtime);
  if (fitsHeader(name)) return head;
  const attributes = Buffer.from(paxRecord('path', name));
  const before = encodeHeader({ name: 'attributes', size: attributes.length, type: 'x' }, mtime);
  return Buffer.concat([before, attributes, padding(attributes.length), head]);
}

/** Zeros after the content of a member. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** End of an archive. */
export const ARCHIVE_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

/** Record `LENGTH KEY=VALUE`, in which LENGTH counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
