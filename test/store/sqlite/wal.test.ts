import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { damageOfLog } from '../../../daemon/store/sqlite/disk/wal.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { event, ingest } from '../contract/samples.ts';

const FRAME = 24 + 4096;
const HEADER = 32;
const COMMITS = 5;

let state: string;
let log: string;
/** The log of a daemon that was killed after some commits. */
let whole: Buffer;
beforeEach(async () => {
  const source = await temporaryFolder();
  const store = await openStore({ path: source, reserve: 0 });
  for (let commit = 0; commit < COMMITS; commit += 1) await ingest(store, [], event({ id: `event-${commit}` }));
  state = await temporaryFolder();
  log = path.join(state, 'belfry.db-wal');
  for (const name of ['belfry.db', 'belfry.db-wal']) copyFileSync(path.join(source, name), path.join(state, name));
  await store.close();
  whole = readFileSync(log);
});

/** Numbers of the frames that end a transaction. */
const commits = (): readonly number[] =>
  Array.from({ length: Math.floor((whole.length - HEADER) / FRAME) }, (_, frame) => frame).filter(
    (frame) => whole.readUInt32BE(HEADER + frame * FRAME + 4) !== 0,
  );

function flip(byte: number, bit = 3): void {
  const damaged = Buffer.from(whole);
  damaged[byte] = damaged[byte]! ^ (1 << bit);
  writeFileSync(log, damaged);
}

test('a whole log has no damage, and its commits are there after a kill', async () => {
  expect(damageOfLog(log)).toBeUndefined();
  const store = await openStore({ path: state, reserve: 0 });
  for (let commit = 0; commit < COMMITS; commit += 1)
    expect((await store.event(`event-${commit}`))?.event.id).toBe(`event-${commit}`);
  await store.close();
});

test('a flipped bit in a frame that other commits follow is found, wherever it is', () => {
  const last = commits().at(-2)!;
  for (let frame = 0; frame < last; frame += 1) {
    // Page number, size, salt, checksum and page of the frame.
    for (const offset of [1, 5, 9, 17, 21, 24, 2000, FRAME - 1]) {
      flip(HEADER + frame * FRAME + offset);
      expect([frame, offset, damageOfLog(log)]).toEqual([frame, offset, expect.stringContaining('is damaged')]);
    }
  }
});

test('a flipped bit in the header of the log is found', () => {
  for (const offset of [9, 17, 20, 25, 30]) {
    flip(offset);
    expect([offset, damageOfLog(log)]).toEqual([offset, 'its header is damaged']);
  }
});

test('the last transaction may be torn by a power cut, and is no damage', () => {
  const last = commits().at(-1)!;
  flip(HEADER + last * FRAME + 100);
  expect(damageOfLog(log)).toBeUndefined();
  for (const bytes of [1, 24, 3000, FRAME, FRAME + 1]) {
    writeFileSync(log, whole);
    truncateSync(log, whole.length - bytes);
    expect([bytes, damageOfLog(log)]).toEqual([bytes, undefined]);
  }
});

test('a store with a damaged log is refused with 78, and nothing in it is changed', async () => {
  flip(HEADER + 100);
  await expect(openStore({ path: state, reserve: 0 })).rejects.toMatchObject({
    code: 'store.malformed',
    exit: 78,
    message: expect.stringMatching(/belfry\.db-wal is malformed: frame 1 of \d+ is damaged.*belfry restore/) as string,
  });
  const damaged = readFileSync(log);
  expect(damaged.length).toBe(whole.length);
});
