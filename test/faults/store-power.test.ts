import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import { type Built, build, ended, start } from '../store/process/built.ts';
import { brokenPromises } from '../store/process/promises.ts';
import { ROUNDS, promisesBeforeFault } from './rounds.ts';

let root: string;
let disk: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'belfry-power-'));
  disk = join(root, 'disk');
  mkdirSync(disk);
});
afterAll(() => rm(root, { recursive: true }));

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Mounts a new file system in the file `image` at `disk`. Data that was not synced inside it is not in the file. */
function mountNew(image: string): void {
  writeFileSync(image, '');
  truncateSync(image, 64 * 1024 * 1024);
  run('mkfs.ext4', '-q', '-F', image);
  run('mount', '-o', 'loop', image, disk);
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const image = join(root, 'probe.img');
  try {
    mountNew(image);
    run('umount', disk);
    return true;
  } catch {
    return false;
  }
}

/** Stops all threads of a process; returns when the kernel reports it as stopped. */
function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) continue;
}

/** Broken promises of the state at `path`; a state that cannot be read is one. */
async function brokenAt(path: string, lines: readonly string[]): Promise<string[]> {
  try {
    const store = await openStore({ path, reserve: 64 * 1024 });
    try {
      return await brokenPromises(lines, store);
    } finally {
      await store.close();
    }
  } catch (error) {
    return [`the state cannot be read: ${(error as Error).message}`];
  }
}

/** Simulates a power cut: copies the disk image while the store works, and opens the copy. */
async function powerCut(built: Built, round: number): Promise<{ promised: number; found: string[] }> {
  const image = join(root, `${round}.img`);
  const copy = join(root, `${round}.copy`);
  mountNew(image);
  let lines: readonly string[];
  try {
    const child = start(built, join(disk, 'state'), 'work');
    const before = promisesBeforeFault();
    ({ lines } = await ended(child, (count) => {
      if (count !== before + 1) return;
      freeze(child.pid!);
      run('cp', '--sparse=always', image, copy);
      child.kill('SIGKILL');
    }));
  } finally {
    run('umount', disk);
  }
  const path = join(root, `state-${round}`);
  run('mount', '-o', 'loop', copy, disk);
  try {
    cpSync(join(disk, 'state'), path, { recursive: true });
  } finally {
    run('umount', disk);
  }
  const found = await brokenAt(path, lines);
  for (const file of [image, copy, path]) await rm(file, { recursive: true });
  return { promised: lines.length - 1, found };
}

async function powerCuts(built: Built, rounds: number): Promise<{ promised: number; found: string[] }> {
  let promised = 0;
  const found: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const one = await powerCut(built, round);
    promised += one.promised;
    found.push(...one.found);
  }
  await built.remove();
  return { promised, found };
}

describe('power cuts in a loop', () => {
  it('lose nothing that was promised', async (ctx) => {
    if (!canMount()) return ctx.skip('mounting a loop device needs root and the Debian packages mount and e2fsprogs');
    const { promised, found } = await powerCuts(await build(), ROUNDS);
    process.stderr.write(`power cut: ${ROUNDS} rounds, ${promised} promises, ${found.length} broken\n`);
    expect(found).toEqual([]);
  });

  it('lose promises of a store that does not sync', async (ctx) => {
    if (!canMount()) return ctx.skip('mounting a loop device needs root and the Debian packages mount and e2fsprogs');
    const { promised, found } = await powerCuts(await build('no fsync'), 2);
    process.stderr.write(`power cut, not synced: ${promised} promises, ${found.length} broken\n`);
    expect(found).not.toEqual([]);
  });
});
