import { createSocket } from 'node:dgram';

export interface NameServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Requested names in lower case, in order. */
  readonly asked: readonly string[];
  /** Resolves when a question has arrived. */
  readonly question: Promise<void>;
  close(): void;
}

/** Addresses of names, which a test may change while the server runs. */
export type NameRecords = Readonly<Record<string, string | readonly string[]>>;

/** DNS server on the loopback: answers A questions from `names` and others with NXDOMAIN, or does not answer. */
export async function openNameServer(names: NameRecords | 'silent'): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  let arrived: () => void;
  const question = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  socket.on('message', (query, { port }) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    arrived();
    if (names !== 'silent')
      socket.send(answerTo(query, end, type === 1 ? [names[name] ?? []].flat() : [], name in names), port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  return { address: `127.0.0.1:${port}`, asked, question, close: () => void socket.close() };
}

export function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  while (query[at]! > 0) {
    labels.push(query.toString('ascii', at + 1, at + 1 + query[at]!));
    at += query[at]! + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Format: https://www.rfc-editor.org/rfc/rfc1035#section-4 */
export function answerTo(query: Buffer, end: number, addresses: readonly string[], exists: boolean): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}
