import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import { type Built, build, ended, start } from '../store/process/built.ts';
import { brokenPromises } from '../store/process/promises.ts';
import { ROUNDS, promisesBeforeFault } from './rounds.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'belfry-kill-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Kills the process on one state directory again and again; returns the broken promises. */
async function killed(built: Built, rounds: number): Promise<{ promised: number; found: string[] }> {
  const path = await mkdtemp(join(root, 'state-'));
  const found: string[] = [];
  let promised = 0;
  for (let round = 0; round < rounds; round += 1) {
    const child = start(built, path, 'work');
    const before = promisesBeforeFault();
    const { lines } = await ended(child, (count) => {
      if (count === before + 1) child.kill('SIGKILL');
    });
    promised += lines.length - 1;
    const store = await openStore({ path, reserve: 64 * 1024 });
    found.push(...(await brokenPromises(lines, store)));
    await store.close();
  }
  return { promised, found };
}

describe('kill -9 in a loop', () => {
  it('loses nothing that was promised', async () => {
    const built = await build();
    const { promised, found } = await killed(built, ROUNDS);
    await built.remove();
    process.stderr.write(`kill -9: ${ROUNDS} rounds, ${promised} promises, ${found.length} broken\n`);
    expect(found).toEqual([]);
  });

  it('finds broken promises of a store that answers before it writes', async () => {
    const built = await build('answer before writing');
    const { promised, found } = await killed(built, Math.max(ROUNDS, 12));
    await built.remove();
    process.stderr.write(`kill -9, answered before writing: ${promised} promises, ${found.length} broken\n`);
    expect(found).not.toEqual([]);
  });
});
