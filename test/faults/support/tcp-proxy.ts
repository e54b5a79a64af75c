import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** One connection of a client to the proxy, and how to open the one to the server behind it. */
interface Passage {
  readonly client: Socket;
  readonly server: () => Socket;
  /** Owns a timer, which ends with the client. */
  readonly every: (ms: number, work: () => void) => void;
}

const DRIP_MS = 1000;
const LATENCY_MS = 150;
const CUT_AFTER_BYTES = 20;

/** Calls `lost` with the first answer after the client has sent its message: over SMTP others come before it. */
function answerAfterMessage({ client, server }: Passage, lost: (answer: Buffer) => void): void {
  const onward = server();
  let sent = '';
  client.on('data', (chunk: Buffer) => {
    sent += chunk.toString('latin1');
    onward.write(chunk);
  });
  onward.on('data', (answer: Buffer) => {
    if (!/^POST |\r\n\.\r\n/.test(sent)) return client.write(answer);
    lost(answer);
    return onward.destroy();
  });
}

/** Treatment of a connection, by the name of the fault. */
const FAULTS = {
  /** No fault. */
  pass({ client, server }) {
    const onward = server();
    client.pipe(onward).pipe(client);
  },
  /** Each piece of data arrives late, in both directions. */
  latency({ client, server }) {
    const onward = server();
    const late = (from: Socket, to: Socket): void => {
      from.on('data', (chunk: Buffer) => setTimeout(() => to.writable && to.write(chunk), LATENCY_MS));
      from.on('end', () => setTimeout(() => to.end(), LATENCY_MS));
    };
    late(client, onward);
    late(onward, client);
  },
  /** Reset as soon as it is open. */
  reset: ({ client }) => void client.resetAndDestroy(),
  /** Reset in the middle of the answer. */
  'cut answer': (passage) =>
    answerAfterMessage(passage, (answer) => {
      passage.client.write(answer.subarray(0, CUT_AFTER_BYTES), () => passage.client.resetAndDestroy());
    }),
  /** The server gets the request and answers, and no byte of the answer arrives. */
  'dropped answer': (passage) => answerAfterMessage(passage, () => passage.client.resetAndDestroy()),
  /** The server gets the request; afterwards neither data nor the end of the connection arrives. */
  'half-open'({ client, server }) {
    client.pipe(server()).on('data', () => undefined);
  },
  /** The answer comes at one byte a second. */
  drip({ client, server, every }) {
    let waiting = Buffer.alloc(0);
    client.pipe(server()).on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
    });
    every(DRIP_MS, () => {
      client.write(waiting.subarray(0, 1));
      waiting = waiting.subarray(1);
    });
  },
  /** Answers at once with bytes of no protocol. */
  garbage({ client }) {
    client.resume().end(Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) % 256)));
  },
  /** Reads, and never answers. */
  silence: ({ client }) => void client.resume(),
  /** Neither reads nor answers. */
  'never reads': ({ client }) => void client.pause(),
} as const satisfies Record<string, (passage: Passage) => void>;

export type TcpFault = keyof typeof FAULTS;

export const TCP_FAULTS = (Object.keys(FAULTS) as TcpFault[]).filter((name) => name !== 'pass');

/** Faults with which an attempt lasts until its deadline. */
export const HANGING: ReadonlySet<TcpFault> = new Set(['half-open', 'drip', 'silence', 'never reads']);

/** Proxy on the loopback for connections to one server, with a fault that a test chooses and may change for later connections. */
export interface TcpProxy {
  readonly port: number;
  fault: TcpFault;
  /** Connections so far, those that are open now, and the most that were open at once. */
  readonly opened: number;
  readonly open: number;
  readonly most: number;
  /** Ends the open connections. */
  cut(): void;
  close(): Promise<void>;
}

export async function openTcpProxy(target: number, fault: TcpFault = 'pass'): Promise<TcpProxy> {
  const clients = new Set<Socket>();
  const sockets = new Set<Socket>();
  let opened = 0;
  let most = 0;
  const own = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    own(client);
    clients.add(client);
    opened += 1;
    most = Math.max(most, clients.size);
    const timers: NodeJS.Timeout[] = [];
    // A client that has ended its side holds the connection no longer, even if the fault keeps it open.
    client.on('end', () => clients.delete(client));
    client.on('close', () => {
      clients.delete(client);
      for (const timer of timers) clearInterval(timer);
    });
    FAULTS[proxy.fault]({
      client,
      server: () => own(connect(target, '127.0.0.1').on('close', () => client.destroySoon())),
      every: (ms, work) => void timers.push(setInterval(work, ms)),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    fault,
    get opened() {
      return opened;
    },
    get open() {
      return clients.size;
    },
    get most() {
      return most;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      proxy.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
