import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { beforeEach, expect, test } from 'vitest';
import { adoptCopy } from '../../../../daemon/store/sqlite/copy/copied.ts';
import { copyStopped } from '../../../../daemon/store/sqlite/copy/copier.ts';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import type { Store, StoreCopy } from '../../../../daemon/store/store.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { ERROR, event, ingest, ingestMany, newDelivery, NOW } from '../../contract/samples.ts';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

const state = (name: string): string => path.join(root, name);
const open = (name: string): Promise<Store> => openStore({ path: state(name), reserve: 0 });

/** Writes a copy to another state directory. `between` is called after each block. */
async function writeCopy(
  copy: StoreCopy,
  name: string,
  between: () => Promise<unknown> = async () => {},
): Promise<void> {
  mkdirSync(state(name));
  for (const file of copy.files) {
    const blocks: Buffer[] = [];
    for await (const block of file.blocks()) {
      blocks.push(Buffer.from(block));
      await between();
    }
    const content = Buffer.concat(blocks);
    expect(content).toHaveLength(file.size);
    writeFileSync(path.join(state(name), file.name), content);
  }
}

const large = () => newDelivery(event({ data: 'x'.repeat(100_000) }));

test('a copy has everything that was committed before it, and nothing later, while commits go on', async () => {
  const store = await open('a');
  const before = [];
  for (let count = 0; count < 30; count += 1) before.push((await ingest(store, [large()])).id);
  const copy = await store.copy();
  const during: string[] = [];
  // More bytes than a checkpoint waits for.
  await writeCopy(copy, 'b', async () => {
    for (let count = 0; count < 20; count += 1) during.push((await ingest(store, [large()])).id);
  });
  expect(during.length).toBeGreaterThan(200);
  expect(await copy.end()).toBe(true);
  await ingestMany(store, 3);
  expect((await store.audit(new Set())).violations).toEqual([]);
  await store.close();
  const copied = await open('b');
  for (const id of before) expect(await copied.event(id)).toBeDefined();
  for (const id of during) expect(await copied.event(id)).toBeUndefined();
  expect((await copied.audit(new Set())).violations).toEqual([]);
  await copied.close();
});

test('the store stays locked during and after a copy', async () => {
  const store = await open('a');
  await ingestMany(store, 3);
  const copy = await store.copy();
  await writeCopy(copy, 'b');
  await expect(copyStopped(state('a'))).rejects.toMatchObject({ code: 'store.locked', exit: 75 });
  await copy.end();
  await expect(open('a')).rejects.toMatchObject({ code: 'store.locked', exit: 75 });
  await store.close();
  await (await open('a')).close();
});

test('a second copy at the same time is refused, a later one is made', async () => {
  const store = await open('a');
  const copy = await store.copy();
  await expect(store.copy()).rejects.toMatchObject({ code: 'store.copying' });
  await copy.end();
  const later = await store.copy();
  expect(await later.end()).toBe(true);
  await store.close();
});

test('a copy fails when the store closes', async () => {
  const store = await open('a');
  const copy = await store.copy();
  await store.close();
  await expect(writeCopy(copy, 'b')).rejects.toMatchObject({ code: 'store.closed' });
  expect(await copy.end()).toBe(false);
});

test('the store of a killed daemon is copied with the commits in its log', async () => {
  const store = await open('running');
  const { id } = await ingest(store);
  mkdirSync(state('killed'));
  for (const name of ['belfry.db', 'belfry.db-wal'])
    copyFileSync(path.join(state('running'), name), path.join(state('killed'), name));
  await store.close();
  const copy = await copyStopped(state('killed'));
  await writeCopy(copy, 'b');
  expect(await copy.end()).toBe(true);
  await copy.close();
  expect(readdirSync(state('killed'))).toEqual(['belfry.db']);
  const copied = await open('b');
  expect(await copied.event(id)).toBeDefined();
  await copied.close();
});

test('the store of a stopped daemon of an earlier version is copied without a change', async () => {
  await (await open('a')).close();
  const file = path.join(state('a'), 'belfry.db');
  const database = new Database(file);
  database.exec('PRAGMA user_version = 2');
  database.close();
  const before = readFileSync(file);
  const copy = await copyStopped(state('a'));
  expect(copy.schema).toBe(2);
  await copy.end();
  await copy.close();
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a folder without a store is refused, and no store is made in it', async () => {
  mkdirSync(state('a'));
  await expect(copyStopped(state('a'))).rejects.toMatchObject({ code: 'store.none', exit: 78 });
  expect(readdirSync(state('a'))).toEqual([]);
});

test('an adopted copy has a new epoch of pushes, is a single file, and names the dead letters that are none', async () => {
  const store = await open('a');
  const [dead, owed] = [newDelivery(event()), newDelivery(event())];
  await ingest(store, [dead]);
  await ingest(store, [owed]);
  await store.deliveries.claim('ops', { now: NOW, limit: 2 } as never);
  await store.deliveries.settle(dead.delivery.id, { state: 'dead', class: 'permanent', error: ERROR });
  const { epoch } = store.pushes;
  await writeCopy(await store.copy(), 'b');
  await store.close();
  const file = path.join(state('b'), 'belfry.db');
  const adopted = await adoptCopy(file, [dead.delivery.id, owed.delivery.id, 'unknown']);
  expect(adopted).toMatchObject({ notDead: [owed.delivery.id], audit: { violations: [], deliveries: { dead: 1 } } });
  expect(readdirSync(state('b'))).toEqual(['belfry.db']);
  const copied = await open('b');
  expect(copied.pushes.epoch).not.toBe(epoch);
  await copied.close();
});

test('a damaged or foreign copy is not adopted', async () => {
  const file = path.join(root, 'belfry.db');
  writeFileSync(file, 'no database '.repeat(1000));
  expect(await adoptCopy(file, [])).toMatchObject({ damage: expect.any(String) });
});
