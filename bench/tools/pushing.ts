import { fileURLToPath } from 'node:url';
import { now, sleep } from './clock.ts';
import { post, type Request } from './connection.ts';
import { Daemon } from './daemon.ts';
import { removeFolder, temporaryFolder } from './folder.ts';
import { closing } from './opened.ts';
import { freePort } from './port.ts';
import { Program } from './program.ts';
import { Swarm } from './swarm.ts';

/** Cost of push to many clients. */
export interface Pushing {
  /** Messages per second that all clients together receive. */
  readonly rate: number;
  /** Memory of the server for each client, kB. */
  readonly memory: number;
}

interface Server {
  readonly port: number;
  readonly program: Program;
  /** Makes the server send messages to all clients. */
  send(messages: number): Request;
  readonly path: string;
  readonly header?: string;
  readonly acks: boolean;
}

const SETTLE_MS = 500;

async function pushing(server: Server, clients: number, messages: number): Promise<Pushing> {
  const { port, program, path, header, acks } = server;
  await sleep(SETTLE_MS);
  const before = program.memoryMb('now');
  const options = { port, path, clients, acks, ...(header !== undefined && { header }) };
  return closing(Swarm.connect(options), async (swarm) => {
    // The server sends to silent clients after a short wait.
    await sleep(SETTLE_MS);
    const memory = ((program.memoryMb('now') - before) * 1024) / clients;
    await requestMessages(server, 1);
    await swarm.received(clients);
    const startedAt = now();
    const all = swarm.received(clients * messages);
    await requestMessages(server, messages);
    return { rate: (clients * messages * 1000) / ((await all) - startedAt), memory };
  });
}

async function requestMessages(server: Server, messages: number): Promise<void> {
  const status = await post(server.port, server.send(messages));
  if (status < 200 || status >= 300) throw new Error(`the messages were answered with ${status}`);
}

const RULES = `channels:
  everybody: { type: websocket, delivery: { concurrency: 4 } }
rules:
  - { name: pushed, match: { type: bench.push }, key: "{{ id }}", message: { title: "{{ id }}", body: "{{ data.text }}" }, notify: [everybody] }
`;

/** Push by the daemon: durable, with resuming and acknowledgements. */
export function daemonPushes(clients: number, messages: number): Promise<Pushing> {
  return closing(Daemon.start({ files: { 'push.yaml': RULES } }), (daemon) => {
    const event = { type: 'bench.push', data: { text: 'x'.repeat(60) } };
    const send = (count: number): Request =>
      daemon.requestOf(JSON.stringify(Array.from({ length: count }, () => event)));
    const { authorization } = daemon.request(0).headers!;
    return pushing(
      {
        port: daemon.port,
        program: daemon.program,
        send,
        path: '/v1/stream?user=USER',
        header: `Authorization: ${authorization}`,
        acks: true,
      },
      clients,
      messages,
    );
  });
}

/** Push by `ws` alone. */
export async function plainPushes(clients: number, messages: number): Promise<Pushing> {
  const port = await freePort();
  const folder = await temporaryFolder();
  const server = fileURLToPath(new URL('./push-floor-server.js', import.meta.url));
  const program = new Program({ command: process.execPath, arguments: [server, String(port)], folder });
  const send = (count: number): Request => ({ path: `/${count}`, body: '' });
  try {
    await program.ready({ port, request: () => send(0) });
    return await pushing({ port, program, send, path: '/', acks: false }, clients, messages);
  } finally {
    await program.stop();
    await removeFolder(folder);
  }
}
