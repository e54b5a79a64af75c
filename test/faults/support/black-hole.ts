import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Server that prints its port and is stopped afterwards, so that it accepts nothing. */
const PROGRAM = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  console.log(this.address().port);
})`;

/** Connections that fill the queue of a listener with a backlog of one. */
const FILLERS = 4;

/** Port of the loopback on which the kernel drops each new connection, as a firewall that drops packets does. */
export interface BlackHole {
  readonly port: number;
  close(): void;
}

export async function openBlackHole(): Promise<BlackHole> {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, ['-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await child.stdout.take(1).toArray()) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const fillers: Socket[] = Array.from({ length: FILLERS }, () => connect(port, '127.0.0.1').on('error', () => {}));
  // The last filler stays without an answer when the queue is full.
  await Promise.race(fillers.slice(0, 1).map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  return {
    port,
    close() {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
