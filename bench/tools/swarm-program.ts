import { connect, type Socket } from 'node:net';
import { now } from './clock.ts';

/**
 * Many WebSocket clients in one process (RFC 6455), on bare sockets that only split frames, so that their cost stays small.
 * `swarm-program URL-PATH PORT COUNT HEADER ACKS` reports `{connected}`, then answers `{expect: n}` with `{last}` after n
 * messages. With ACKS each client acknowledges the received messages once a second, as the browser's client does.
 */
const [path = '/', port = '0', count = '1', header = '', acks = ''] = process.argv.slice(2);
const clients = Number(count);
const AT_ONCE = 64;
const ACK_EVERY_MS = 1_000;
const TEXT = 1;
const PING = 9;

let expected = 0;
let received = 0;
let doubled = 0;

function finish(): void {
  if (expected === 0 || received < expected) return;
  process.send?.({ last: now(), received, doubled });
  expected = 0;
  received = 0;
}

/** A short client frame. Its mask is zero, which leaves the data unchanged. */
function frame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

class Client {
  readonly #socket: Socket;
  readonly #opened: () => void;
  #rest: Buffer | undefined;
  #isOpen = false;
  #seq = 0;
  #acked = 0;

  constructor(index: number, opened: () => void) {
    this.#opened = opened;
    this.#socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    const target = path.replace('USER', `user-${index}`);
    this.#socket.on('connect', () =>
      this.#socket.write(
        `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${header === '' ? '' : `${header}\r\n`}\r\n`,
      ),
    );
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', (error) => {
      process.send?.({ failed: error.message });
      process.exit(1);
    });
  }

  acknowledge(): void {
    if (this.#seq === this.#acked) return;
    this.#acked = this.#seq;
    this.#socket.write(frame(TEXT, Buffer.from(`{"type":"ack","seq":${this.#seq}}`)));
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#isOpen) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1) {
        this.#rest = bytes;
        return;
      }
      if (!bytes.toString('latin1', 0, 12).endsWith('101')) {
        process.send?.({ failed: bytes.toString('latin1', 0, 200) });
        process.exit(1);
      }
      this.#isOpen = true;
      bytes = bytes.subarray(end + 4);
      this.#opened();
    }
    while (bytes.length >= 2) {
      const short = bytes[1]! & 127;
      const start = short === 126 ? 4 : 2;
      if (bytes.length < start) break;
      const length = short === 126 ? bytes.readUInt16BE(2) : short;
      if (bytes.length < start + length) break;
      this.#received(bytes[0]! & 15, bytes.subarray(start, start + length));
      bytes = bytes.subarray(start + length);
    }
    this.#rest = bytes.length === 0 ? undefined : bytes;
  }

  #received(opcode: number, payload: Buffer): void {
    if (opcode === PING) this.#socket.write(frame(10, payload));
    if (opcode !== TEXT) return;
    const head = payload.toString('latin1', 0, 48);
    const found = /^\{"type":"message","seq":(\d+)/.exec(head);
    if (found === null) return;
    const seq = Number(found[1]);
    if (seq <= this.#seq) doubled += 1;
    this.#seq = seq;
    received += 1;
    finish();
  }
}

const all: Client[] = [];
let open = 0;
function another(): void {
  if (all.length === clients) return;
  all.push(
    new Client(all.length, () => {
      open += 1;
      if (open === clients) process.send?.({ connected: open });
      another();
    }),
  );
}
for (let index = 0; index < AT_ONCE; index += 1) another();
process.on('message', (message: { expect: number }) => {
  expected = message.expect;
  finish();
});
if (acks !== '') {
  setInterval(() => {
    for (const client of all) client.acknowledge();
  }, ACK_EVERY_MS);
}
