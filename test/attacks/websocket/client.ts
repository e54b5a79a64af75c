import { openRaw, type RawConnection } from '../support/raw.ts';
import type { Target } from '../support/target.ts';

const END_OF_HEAD = '\r\n\r\n';

/** Frame of a client (RFC 6455, 5.2), valid unless the options break it. */
export function frame(
  opcode: number,
  payload: Buffer | string = '',
  {
    fin = true,
    rsv = 0,
    masked = true,
    length,
  }: { fin?: boolean; rsv?: number; masked?: boolean; length?: number } = {},
): Buffer {
  const data = Buffer.from(payload);
  const size = length ?? data.length;
  const extended = size < 126 ? Buffer.alloc(0) : size < 65_536 ? Buffer.alloc(2) : Buffer.alloc(8);
  if (extended.length === 2) extended.writeUInt16BE(size);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(size));
  const short = size < 126 ? size : size < 65_536 ? 126 : 127;
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, (masked ? 0x80 : 0) | short]);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, extended, masked ? Buffer.alloc(4) : Buffer.alloc(0), data]);
}

export const TEXT = 1;
export const CONTINUATION = 0;
export const CLOSE = 8;
export const PING = 9;

interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Frames of the daemon after its handshake. */
export function framesOf(received: string): ServerFrame[] {
  const bytes = Buffer.from(received.slice(received.indexOf(END_OF_HEAD) + END_OF_HEAD.length), 'latin1');
  const frames: ServerFrame[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes[at + 1]! & 0x7f;
    const [length, head] =
      short === 126
        ? [bytes.readUInt16BE(at + 2), 4]
        : short === 127
          ? [Number(bytes.readBigUInt64BE(at + 2)), 10]
          : [short, 2];
    if (at + head + length > bytes.length) break;
    frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(at + head, at + head + length) });
    at += head + length;
  }
  return frames;
}

/** Code of the close frame that came; undefined without one. */
export function closeCodeOf(received: string): number | undefined {
  const close = framesOf(received).find(({ opcode }) => opcode === CLOSE);
  return close?.payload.readUInt16BE(0);
}

export function upgradeHead(path: string, headers: Readonly<Record<string, string>>): string {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  return `GET ${path} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
}

/** Opens a WebSocket by hand, as a user with a token of scope admin; resolves when the greeting or a refusal came. */
export async function openSocket(
  { port, token }: Target,
  path: string,
  headers: Readonly<Record<string, string>> = { Authorization: `Bearer ${token}` },
): Promise<RawConnection> {
  const connection = await openRaw({ host: '127.0.0.1', port });
  connection.socket.write(upgradeHead(path, headers));
  await connection.until(/\r\n\r\n/);
  return connection;
}

/** Code of the close frame of the daemon; waits for it, or for the end of the connection, and then leaves. */
export async function untilClosed(connection: RawConnection): Promise<number | undefined> {
  // The first byte of a close frame is 0x88.
  const received = await connection.until(/\r\n\r\n[^]*\u0088[^]{3}/);
  connection.socket.destroy();
  return closeCodeOf(received);
}
