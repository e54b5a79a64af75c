import { execFile, type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type BugName, plantInModules } from '../../faults/support/planted-bugs.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));

/** The daemon compiled to JavaScript in a temporary directory, for tests that start processes. */
export interface Built {
  readonly dist: string;
  remove(): Promise<void>;
}

export async function build(bug?: BugName): Promise<Built> {
  const dist = await mkdtemp(join(tmpdir(), 'belfry-built-'));
  await writeFile(join(dist, 'package.json'), '{"type":"module"}');
  await symlink(join(ROOT, 'node_modules'), join(dist, 'node_modules'));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const output = await new Promise<string>((resolve) => {
    execFile(tsc, ['-p', 'tsconfig.build.json', '--outDir', dist], { cwd: ROOT }, (_, out) => resolve(out));
  });
  if (!existsSync(join(dist, 'store', 'sqlite', 'sqlite.js'))) throw new Error(`the build made no store:\n${output}`);
  if (bug !== undefined) await plantInModules(dist, bug);
  return { dist, remove: () => rm(dist, { recursive: true }) };
}

export type StoreProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Starts `child.mjs`, which opens the store in `state`, carries out `action` and prints its promises. */
export function start(
  { dist }: Built,
  state: string,
  action: string,
  options: { readonly command?: readonly string[]; readonly env?: Record<string, string> } = {},
): StoreProcess {
  const [command, ...before] = [...(options.command ?? []), process.execPath];
  return spawn(command, [...before, CHILD, dist, state, action], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
}

export interface Ended {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

/** Collects the output of a process until it ends. `onLine` is called with the number of lines so far and may kill it. */
export async function ended(child: StoreProcess, onLine: (count: number) => void = () => undefined): Promise<Ended> {
  let text = '';
  let errors = '';
  let count = 0;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const unit of chunk) {
      if (unit !== '\n') continue;
      count += 1;
      onLine(count);
    }
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, signal) => resolve([code, signal]));
  });
  return { lines: text.split('\n').slice(0, -1), code, signal, errors };
}
