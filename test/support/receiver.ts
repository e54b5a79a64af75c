import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Notification that the receiver got. */
export interface Got {
  /** Time of its last byte, milliseconds since the epoch; comparable to times of a daemon on the same machine. */
  readonly at: number;
  /** Id of the delivery, the same in every attempt. */
  readonly id: string;
  /** Name of the channel: the path without the slash. */
  readonly channel: string;
  readonly rule: string;
  readonly key: string;
  readonly status: string;
  readonly title: string;
  readonly body: string;
  /** Whether the answer was sent completely. */
  readonly answered: boolean;
}

export interface Receiver {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** All notifications, in order. */
  readonly got: readonly Got[];
  /** Delay of the answers, milliseconds. */
  delay: number;
  /** Status of the answers by channel; default 200. */
  readonly statuses: Map<string, number>;
  /** Resolves when `count` matching deliveries have arrived; attempts of one delivery count once. */
  until(wanted: (got: Got) => boolean, count?: number): Promise<void>;
  /** First attempt of each delivery, in order. */
  deliveries(): readonly Got[];
  close(): Promise<void>;
}

/** Real HTTP server for channels of the type `webhook` that records the notifications. */
export async function openReceiver(): Promise<Receiver> {
  const got: { -readonly [K in keyof Got]: Got[K] }[] = [];
  const sockets = new Set<Socket>();
  const statuses = new Map<string, number>();
  let waiting: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];
  const deliveries = (): Got[] => [...new Map(got.toReversed().map((one) => [one.id, one])).values()].toReversed();

  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const one = { ...(await read(incoming)), answered: false };
    got.push(one);
    const over = waiting.filter(({ isOver }) => isOver());
    waiting = waiting.filter((waiter) => !over.includes(waiter));
    for (const { resolve } of over) resolve();
    outgoing.on('finish', () => (one.answered = true));
    const answer = (): unknown => outgoing.writeHead(statuses.get(one.channel) ?? 200).end();
    if (receiver.delay === 0) answer();
    else setTimeout(answer, receiver.delay);
  };
  const server = createServer((incoming, outgoing) => {
    take(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const receiver: Receiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    delay: 0,
    statuses,
    deliveries,
    until(wanted, count = 1) {
      const isOver = (): boolean => deliveries().filter(wanted).length >= count;
      return isOver() ? Promise.resolve() : new Promise((resolve) => waiting.push({ isOver, resolve }));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

async function read(incoming: IncomingMessage): Promise<Omit<Got, 'answered'>> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const message = JSON.parse(Buffer.concat(chunks).toString()) as Record<
    'rule' | 'key' | 'status' | 'title',
    string
  > & {
    readonly body?: string;
  };
  const { rule, key, status, title, body = '' } = message;
  const id = String(incoming.headers['idempotency-key']);
  return { at: Date.now(), id, channel: (incoming.url ?? '').slice(1), rule, key, status, title, body };
}
