import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answerTo, questionOf } from '../../support/name-server.ts';

interface Question {
  readonly query: Buffer;
  readonly end: number;
  /** Number of earlier questions for an address of this name. */
  readonly before: number;
  /** Whether an IPv4 address is wanted. */
  readonly isA: boolean;
}

const GOOD = '127.0.0.1';
/** Address of a network for documentation, which leads nowhere. */
export const NOWHERE = '192.0.2.77';

const addresses = ({ query, end, isA }: Question, ...found: readonly string[]): Buffer =>
  answerTo(query, end, isA ? found : [], true);

/** The header with other flags, and the question. https://www.rfc-editor.org/rfc/rfc1035#section-4.1.1 */
function failing({ query, end }: Question, flags: number): Buffer {
  const answer = answerTo(query, end, [], true);
  answer.writeUInt16BE(flags, 2);
  return answer;
}

/** Answers by the first label of a name; undefined is silence. */
const ANSWERS: Readonly<Record<string, (question: Question) => readonly Buffer[] | undefined>> = {
  good: (question) => [addresses(question, GOOD)],
  silent: () => undefined,
  servfail: (question) => [failing(question, 0x8182)],
  refused: (question) => [failing(question, 0x8185)],
  nxdomain: (question) => [failing(question, 0x8183)],
  /** Truncated, and TCP is closed. */
  truncated: (question) => [failing(question, 0x8380)],
  empty: (question) => [addresses(question)],
  garbage: (question) => [Buffer.concat([question.query.subarray(0, 2), Buffer.alloc(40, 0xff)])],
  /** The answer to another question, which a resolver must not take. */
  'wrong-id'(question) {
    const answer = addresses(question, GOOD);
    answer.writeUInt16BE(answer.readUInt16BE(0) ^ 0x5555, 0);
    return [answer];
  },
  /** First another address, then one of this machine. */
  rebinding: (question) => [addresses(question, question.before === 0 ? NOWHERE : GOOD)],
  /** Another address and one of this machine at once. */
  mixed: (question) => [addresses(question, GOOD, NOWHERE)],
  private: (question) => [addresses(question, GOOD)],
};

export interface DnsServer {
  /** Command that runs another one with this server as the only one. */
  readonly wrapper: readonly string[];
  /** Questions for addresses by name, without those for IPv6. */
  readonly asked: ReadonlyMap<string, number>;
  close(): void;
}

/** DNS server on port 53 of a loopback address of its own, for names below `test`. Needs root. */
export async function openDnsServer(folder: string): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked = new Map<string, number>();
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    const isA = type === 1;
    const before = asked.get(name) ?? 0;
    if (isA) asked.set(name, before + 1);
    const answers = ANSWERS[name.split('.')[0]!]?.({ query, end, before, isA }) ?? [];
    for (const answer of answers) socket.send(answer, port, address);
  });
  const own = `127.53.${process.pid % 250}.${1 + (Math.floor(process.pid / 250) % 250)}`;
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(53, own, resolve));
  const conf = path.join(folder, 'resolv.conf');
  await writeFile(conf, `nameserver ${own}\n`);
  // A mount namespace of its own, so that only the daemon sees the file.
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return {
    wrapper: ['unshare', '-m', 'sh', '-c', script, conf],
    asked,
    close: () => void socket.close(),
  };
}
