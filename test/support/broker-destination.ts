import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Destination, ResponseKind } from '../channels/contract.ts';

/** Answer of a broker to the next logins and messages. `A`: a documented refusal. */
export type BrokerAnswer<A> = { readonly kind: 'success' | 'hang' } | { readonly kind: 'refusal'; readonly refusal: A };

/** State of a broker in a test. */
export interface BrokerScript<A> {
  readonly answer: BrokerAnswer<A>;
  /** Notes a message that arrived. */
  took(message: string): void;
}

export interface BrokerOptions<A> {
  /** Settings of the channel, given where the broker listens. */
  settings(address: string): unknown;
  /** Speaks the protocol on a connection. */
  converse(socket: Socket, script: BrokerScript<A>): void;
  /** Answer for an error of the server, if the protocol has one. */
  readonly serverError?: A;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface FakeBroker<A> extends Destination<A> {
  readonly address: string;
  /** Connections so far. */
  readonly connections: number;
  answerWith(answer: BrokerAnswer<A>): void;
  /** Cuts all connections. */
  cut(): void;
}

/** Broker on the loopback with scripted answers. */
export async function openBrokerDestination<A>(options: BrokerOptions<A>): Promise<FakeBroker<A>> {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let answer: BrokerAnswer<A> = { kind: 'success' };
  let connections = 0;
  const script: BrokerScript<A> = {
    get answer() {
      return answer;
    },
    took(message) {
      messages.push(message);
      for (const { count, resolve } of waiting) if (messages.length >= count) resolve();
      waiting = waiting.filter(({ count }) => messages.length < count);
    },
  };
  const welcome = (socket: Socket): void => {
    connections += 1;
    options.converse(socket, script);
  };
  const server = options.tls === undefined ? createServer(welcome) : createTlsServer({ ...options.tls }, welcome);
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  const address = await listen(server);
  const byKind: Readonly<Record<ResponseKind, () => BrokerAnswer<A>>> = {
    success: () => ({ kind: 'success' }),
    hang: () => ({ kind: 'hang' }),
    serverError: () => ({ kind: 'refusal', refusal: options.serverError! }),
    rateLimited: () => ({ kind: 'success' }),
    refusal: () => ({ kind: 'success' }),
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address,
    settings: options.settings(address),
    get connections() {
      return connections;
    },
    answerWith: (next) => void (answer = next),
    respondWith: (kind) => void (answer = byKind[kind]()),
    refuseWith: (refusal) => void (answer = { kind: 'refusal', refusal }),
    received: () => messages,
    arrived: (count) =>
      messages.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
