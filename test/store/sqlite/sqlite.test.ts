import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import { describeStore } from '../contract/contract.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'belfry-store-'));
});
afterAll(() => rm(root, { recursive: true }));

describeStore('the embedded store in memory, with small blocks', () => openStore({ path: ':memory:', blockRows: 16 }));
describeStore('the embedded store in a directory', async () =>
  openStore({ path: await mkdtemp(join(root, 'state-')), reserve: 64 * 1024 }),
);
