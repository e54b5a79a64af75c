import {
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { event, ingest, ingestMany, newDelivery } from '../contract/samples.ts';

let state: string;
let file: string;
beforeEach(async () => {
  state = await temporaryFolder();
  file = path.join(state, 'belfry.db');
});

const PAGE = 4096;
const open = (): Promise<Store> => openStore({ path: state, reserve: 0 });

/** Makes a database with more pages than one query reads, and closes it. */
async function filled(): Promise<void> {
  const store = await open();
  for (let count = 0; count < 40; count += 1) await ingest(store, [newDelivery(event({ data: 'x'.repeat(8000) }))]);
  await store.close();
}

/** Overwrites pages without closing a file that SQLite has locked. */
function damage(firstPage: number, pages: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(pages * PAGE, 0xa5), 0, pages * PAGE, firstPage * PAGE);
  closeSync(fd);
}

const refusal = (): Promise<Error & { code: string; exit: number }> =>
  open().then(
    () => {
      throw new Error('the store opened');
    },
    (error: unknown) => error as Error & { code: string; exit: number },
  );

const DAMAGES: Readonly<Record<string, { damage: () => void; file?: string }>> = {
  'another kind of file': { damage: () => writeFileSync(file, 'not a database '.repeat(1000)) },
  'a database without its second half': {
    damage: () => truncateSync(file, Math.floor(statSync(file).size / PAGE / 2) * PAGE),
  },
  'a database with damaged pages': { damage: () => damage(1, 15) },
  'a foreign file in the place of the log': {
    damage: () => writeFileSync(`${file}-wal`, 'not a log'.repeat(1000)),
    file: 'belfry.db-wal',
  },
};

test.each(Object.keys(DAMAGES))('%s is refused with 78: which file, since when, what to do', async (name) => {
  await filled();
  DAMAGES[name]!.damage();
  const error = await refusal();
  expect(error).toMatchObject({ code: 'store.malformed', exit: 78 });
  expect(error.message).toMatch(
    new RegExp(
      `^${path.join(state, DAMAGES[name]!.file ?? 'belfry.db')} is malformed: .*; first seen at 20.*Z\\..*belfry restore FILE`,
    ),
  );
  expect(error.message).not.toMatch(/disk/i);
});

test('the time at which damage was first seen stays, and another file in its place has its own', async () => {
  writeFileSync(file, 'not a database '.repeat(1000));
  await refusal();
  utimesSync(`${file}.malformed`, 1_700_000_000, 1_700_000_000);
  expect((await refusal()).message).toContain('first seen at 2023-11-14T22:13:20.000Z');
  writeFileSync(path.join(state, 'other'), 'no database either '.repeat(1000));
  renameSync(path.join(state, 'other'), file);
  expect((await refusal()).message).not.toContain('2023-11-14');
});

test('a zeroed log, which a power cut may leave before the first commit, is no damage', async () => {
  await filled();
  writeFileSync(`${file}-wal`, Buffer.alloc(PAGE));
  const store = await open();
  expect((await store.audit(new Set())).violations).toEqual([]);
  await store.close();
});

test('a page that is damaged while the store is open is found by an audit, which stops nothing', async () => {
  await filled();
  const store = await open();
  // The rows are read for the index at the start.
  for (let round = 0; round < 2; round += 1) await store.events({ limit: 1, order: 'asc' });
  damage(8, 20);
  const { violations } = await store.audit(new Set());
  expect(violations).toHaveLength(1);
  expect(violations[0]).toMatch(/belfry\.db is malformed: .*; first seen at .*belfry restore FILE/);
  await ingestMany(store, 3);
  await store.close();
});

test('a query that reads a damaged page ends the store, and the error says which file, since when, and what to do', async () => {
  await filled();
  const store = await open();
  const fatal: Error[] = [];
  store.onFatal((error) => fatal.push(error));
  damage(1, 40);
  const failed = store.events({ limit: 100 } as Parameters<Store['events']>[0]);
  await expect(failed).rejects.toMatchObject({ code: 'store.malformed', exit: 78 });
  expect(fatal).toHaveLength(1);
  expect(fatal[0]!.message).toMatch(/belfry\.db is malformed: .*; first seen at /);
  await expect(ingest(store)).rejects.toMatchObject({ code: 'store.malformed' });
  await store.close();
  expect(readdirSync(state)).toContain('belfry.db.malformed');
});
