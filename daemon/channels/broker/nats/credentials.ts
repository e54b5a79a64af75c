import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** Login by an Ed25519 key. https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth */
export interface NatsCredentials {
  /** Token of the user, if an account server made one. */
  readonly jwt?: string;
  /** Public key, as the server names the user. */
  readonly nkey: string;
  /** Signature of the server's nonce. */
  sign(nonce: string): string;
}

const JWT = /-+BEGIN NATS USER JWT-+\s+([\w.=-]+)\s+-+END NATS USER JWT-+/;
const SEED = /(?:^|\s)(S[A-Z2-7]{57})(?:\s|$)/;
/** DER before the 32 bytes of a private Ed25519 key. https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
/** First byte of a user's public key, which gives the letter `U`. https://github.com/nats-io/nkeys */
const USER_PREFIX = 20 << 3;

/** Reads the content of a `.creds` file, or a seed alone; undefined if it has no seed. */
export function readCredentials(text: string): NatsCredentials | undefined {
  const seed = SEED.exec(text)?.[1];
  const jwt = JWT.exec(text)?.[1];
  if (seed === undefined) return undefined;
  const bytes = fromBase32(seed);
  const body = bytes.subarray(0, -2);
  if (crc16(body) !== bytes.readUInt16LE(body.length)) return undefined;
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, body.subarray(2)]),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    ...(jwt !== undefined && { jwt }),
    nkey: publicName(key),
    sign: (nonce) => sign(null, Buffer.from(nonce), key).toString('base64url'),
  };
}

function publicName(key: KeyObject): string {
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const named = Buffer.concat([Buffer.from([USER_PREFIX]), raw]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc16(named));
  return toBase32(Buffer.concat([named, checksum]));
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits
    .match(/.{1,5}/g)!
    .map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

/** CRC-16/XMODEM, the checksum of keys. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
