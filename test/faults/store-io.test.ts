import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import { type Built, type Ended, build, ended, start } from '../store/process/built.ts';
import { brokenPromises } from '../store/process/promises.ts';
import { ROUNDS } from './rounds.ts';

/** A short run fails each sixth call, beginning with another one each time; a long one fails each. */
const STEP = ROUNDS < 10 ? 6 : 1;
const FIRST = 1 + Math.floor(Math.random() * STEP);
import { hasStrace } from './support/strace.ts';

let root: string;
let built: Built;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'belfry-io-'));
  built = await build();
});
afterAll(async () => {
  await built.remove();
  await rm(root, { recursive: true });
});

/** Runs a process that stores ten events while its n-th call on the files of the store fails. */
async function failing(path: string, inject: string): Promise<Ended> {
  const files = ['belfry.db', 'belfry.db-wal', '.room'].flatMap((name) => ['-P', join(path, name)]);
  const command = ['strace', '-f', '-qq', '-o', '/dev/null', ...files, '-e', `inject=${inject}`];
  return ended(start(built, path, 'ten', { command }));
}

async function brokenIn(path: string, lines: readonly string[]): Promise<string[]> {
  const store = await openStore({ path, reserve: 64 * 1024 });
  const found = await brokenPromises(
    lines.filter((line) => line.startsWith('event')),
    store,
  );
  await store.close();
  return found;
}

describe('a disk that fails', () => {
  it('stops the store with exit code 74 at the first failed fsync and loses nothing that was promised', async (ctx) => {
    if (!hasStrace()) return ctx.skip('needs the Debian package strace');
    let call = FIRST;
    for (; ; call += STEP) {
      const path = await mkdtemp(join(root, 'state-'));
      const { lines, code } = await failing(path, `fsync,fdatasync:error=EIO:when=${call}`);
      expect(await brokenIn(path, lines)).toEqual([]);
      if (code === 0) break;
      expect([call, code]).toEqual([call, 74]);
    }
    expect(call).toBeGreaterThan(10);
  });

  for (const error of ['ENOSPC', 'EDQUOT']) {
    it(`treats a write refused with ${error} as a full disk and loses nothing that was promised`, async (ctx) => {
      if (!hasStrace()) return ctx.skip('needs the Debian package strace');
      let call = FIRST;
      for (; ; call += STEP) {
        const path = await mkdtemp(join(root, 'state-'));
        const { lines, code } = await failing(path, `pwrite64,write:error=${error}:when=${call}+`);
        expect(await brokenIn(path, lines)).toEqual([]);
        if (code === 0) break;
        expect([call, lines.at(-1)]).toEqual([call, 'refused store.full']);
      }
      expect(call).toBeGreaterThan(10);
    });
  }
});
