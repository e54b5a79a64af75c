/** Bytes of a header, and the unit to which the content of a member is padded. */
export const BLOCK_BYTES = 512;

/** A member of an archive before its content. */
export interface TarHeader {
  /** Path with slashes. */
  readonly name: string;
  /** Bytes of the content. */
  readonly size: number;
  /** Kind of the member: `0` is a regular file, `x` has attributes of the next member. */
  readonly type: string;
}

/** Position and length of the fields of POSIX ustar. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const;

const MODE = 0o600;
const MAGIC = 'ustar\u{0}00';
/** Largest size in the 11 octal digits of the field; a larger one is written in binary, as GNU tar does. */
const MAX_OCTAL_SIZE = 8 ** 11 - 1;
const BINARY_FLAG = 0x80;

/** Header of a member that only its owner may read. `mtime` in seconds since the epoch. */
export function encodeHeader({ name, size, type }: TarHeader, mtime: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const put = (field: keyof typeof FIELDS, text: string): void => void block.write(text, FIELDS[field][0], 'utf8');
  const octal = (field: keyof typeof FIELDS, value: number): void =>
    put(field, value.toString(8).padStart(FIELDS[field][1] - 1, '0'));
  put('name', name);
  octal('mode', MODE);
  octal('uid', 0);
  octal('gid', 0);
  if (size <= MAX_OCTAL_SIZE) octal('size', size);
  else {
    block.writeBigUInt64BE(BigInt(size), FIELDS.size[0] + 4);
    block[FIELDS.size[0]] = BINARY_FLAG;
  }
  octal('mtime', mtime);
  put('type', type);
  put('magic', MAGIC);
  put('checksum', `${checksumOf(block).toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** Returns the header in a block; undefined if it is none. */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  const field = (name: keyof typeof FIELDS): Buffer =>
    block.subarray(FIELDS[name][0], FIELDS[name][0] + FIELDS[name][1]);
  if (field('magic').toString('latin1', 0, 5) !== 'ustar') return undefined;
  if (octalOf(field('checksum')) !== checksumOf(block)) return undefined;
  const size = sizeOf(field('size'));
  if (size === undefined) return undefined;
  return { name: textOf(field('name')), size, type: textOf(field('type')) || '0' };
}

/** Whether the header field holds the whole name; other names need a member of type `x` before. */
export function fitsHeader(name: string): boolean {
  return Buffer.byteLength(name) <= FIELDS.name[1] && !/[^\x20-\x7e]/.test(name);
}

/** Sum of the bytes, with those of the checksum counted as blanks. */
function checksumOf(block: Buffer): number {
  const [from, length] = FIELDS.checksum;
  let sum = 0x20 * length;
  for (let index = 0; index < BLOCK_BYTES; index += 1) if (index < from || index >= from + length) sum += block[index]!;
  return sum;
}

function sizeOf(field: Buffer): number | undefined {
  if (field[0] !== BINARY_FLAG) return octalOf(field);
  const size = field.readBigUInt64BE(4);
  return size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : undefined;
}

function octalOf(field: Buffer): number | undefined {
  const text = textOf(field).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** Text before the first NUL. */
function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? field.length : end);
}
