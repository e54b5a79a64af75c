import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Path of a program of the system; undefined if it is not installed. */
export const programPath = (name: string): string | undefined =>
  ['/usr/sbin', '/usr/bin', '/usr/local/bin'].map((folder) => path.join(folder, name)).find((file) => existsSync(file));

/** Port on the loopback that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface ProgramOptions {
  readonly program: string;
  /** Arguments, given the folder of the program. */
  args(folder: string): readonly string[];
  /** Files to write into the folder, by name. */
  readonly files?: Readonly<Record<string, string>> | ((folder: string) => Readonly<Record<string, string>>);
  /** Port on which it listens. */
  readonly port: number;
  /** Further ports. */
  readonly more?: readonly number[];
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
}

export interface ProgramServer {
  readonly folder: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Runs a server of the system in a folder of its own, until `stop`. Resolves when it accepts connections. */
export async function startProgram(options: ProgramOptions): Promise<ProgramServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-server-'));
  const files = typeof options.files === 'function' ? options.files(folder) : (options.files ?? {});
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const child = spawn(options.program, options.args(folder), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH!, HOME: folder, ...options.env?.(folder) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  for (const port of [options.port, ...(options.more ?? [])])
    while (!(await accepts(port))) {
      if (child.exitCode === null) continue;
      await stop();
      throw new Error(`${options.program} ended: ${output}`);
    }
  return { folder, port: options.port, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // The next try is made after a moment, in which the program can go on.
    socket.once('error', () => setTimeout(resolve, 20, false));
  });
}
