import { readdirSync, readlinkSync } from 'node:fs';
import { appendFile, chmod, mkdir, open, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { follow, lineOf, LOOK, numbered, placed, startLines, text } from '../../support/lines.ts';
import { recordedIo, type RecordedIo } from '../../support/source-io.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
let log: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  log = path.join(folder, 'app.log');
});

const at = (...parts: string[]): string => path.join(folder, ...parts);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Number of files below the folder that this process has open. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

test('a refused line is retried until it is stored, and no later line is stored first', async () => {
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  await startLines({ paths: log }, io);
  await clock.advance(100);
  io.refuse(new Error('disk full'), new Error('disk full'), new Error('disk full'));
  await writeFile(log, text(numbered(1, 300)));
  await clock.advance(LOOK);
  expect(io.events).toEqual([]);
  expect(io.reports.at(-1)).toBe('a line was not accepted: disk full');
  await clock.advance(10_000);
  expect(io.events.map(lineOf)).toEqual(numbered(1, 300));
  expect(io.reports.at(-1)).toBeUndefined();
  expect(io.tries).toBe(303);
});

test('after a refusal the batches begin with one line again, so that a second refusal keeps the order', async () => {
  await writeFile(log, text(numbered(1, 200)));
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  let tries = 0;
  // Refuses half of a batch of sixteen, and then the first of those again.
  const emit: RecordedIo['emit'] = (event, checkpoints) => {
    tries += 1;
    return tries >= 24 && tries <= 32 ? Promise.reject(new Error('disk full')) : io.emit(event, checkpoints);
  };
  await startLines({ paths: log, from: 'start' }, { ...io, emit });
  await clock.advance(10_000);
  expect(io.events.map(lineOf)).toEqual(numbered(1, 200));
});

test('no older checkpoint overwrites that of a line that is being stored', async () => {
  const { clock, stored } = { clock: new VirtualClock(), stored: new Map<string, string>() };
  const io = recordedIo({ clock, stored });
  let take = (): void => undefined;
  const taken = new Promise<void>((resolve) => (take = resolve));
  const emit: RecordedIo['emit'] = (event, checkpoints) => {
    const answer = io.emit(event, checkpoints);
    return taken.then(() => answer);
  };
  await startLines({ paths: log, match: '[02]' }, { ...io, emit });
  await writeFile(log, '');
  await clock.advance(LOOK);
  await appendFile(log, 'line 1\nline 2\n');
  await clock.advance(30_000);
  const next = await follow({ paths: log, match: '[02]' }, new Map(stored));
  take();
  expect(io.events.map(lineOf)).toEqual(['line 2']);
  expect(next.reported()).toEqual([]);
});

test('after a time of refusals nothing is lost and the order is kept', async () => {
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  const refusing = { now: false };
  const emit: RecordedIo['emit'] = (event, checkpoints) =>
    refusing.now ? Promise.reject(new Error('disk full')) : io.emit(event, checkpoints);
  await startLines({ paths: at('*') }, { ...io, emit });
  await clock.advance(100);
  const expected = numbered(1, 2000);
  for (let from = 0; from < expected.length; from += 100) {
    await appendFile(log, text(expected.slice(from, from + 100)));
    refusing.now = from % 300 === 0;
    await clock.advance(1500);
  }
  refusing.now = false;
  await clock.advance(40_000);
  expect(io.events.map(lineOf)).toEqual(expected);
});

test('a single refused line in a batch is not lost, also after a kill', async () => {
  await writeFile(log, text(numbered(1, 50)));
  const clock = new VirtualClock();
  const stored = new Map<string, string>();
  const io = recordedIo({ clock, stored });
  const state = { tries: 0, isDead: false };
  const emit: RecordedIo['emit'] = (event, checkpoints) => {
    state.tries += 1;
    return state.isDead || state.tries === 10 ? Promise.reject(new Error('disk full')) : io.emit(event, checkpoints);
  };
  await startLines({ paths: log, from: 'start' }, { ...io, emit });
  await clock.advance(100);
  state.isDead = true;
  expect(io.events.map(lineOf)).not.toContain('line 10');
  const next = recordedIo({ clock, stored, events: io.events });
  await startLines({ paths: log, from: 'start' }, next);
  await clock.advance(100);
  expect(next.events.map(lineOf).toSorted()).toEqual(numbered(1, 50).toSorted());
});

test('an unreadable file is reported as a fault, and read once it is readable', async (context) => {
  await chmod(folder, 0o755);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && process.seteuid === undefined) return context.skip('this system has no seteuid');
  const { io, clock, reported } = await follow({ paths: at('*') });
  await writeFile(log, 'one\n');
  await chmod(log, 0);
  await writeFile(at('other.log'), 'fine\n');
  // The superuser can read every file.
  if (isRoot) process.seteuid!(65_534);
  try {
    await clock.advance(LOOK);
    expect(io.reports.at(-1)).toBe(`${log} cannot be read (EACCES)`);
    expect(reported()).toEqual(['fine']);
    await clock.advance(20_000);
    expect(io.reports).toHaveLength(1);
  } finally {
    if (isRoot) process.seteuid!(0);
  }
  await chmod(log, 0o644);
  await clock.advance(LOOK);
  expect(io.reports.at(-1)).toBeUndefined();
  expect(reported()).toEqual(['fine', 'one']);
});

test('a file that has become unreadable does not block the file that takes its name', async (context) => {
  await chmod(folder, 0o755);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && process.seteuid === undefined) return context.skip('this system has no seteuid');
  const first = await follow({ paths: log });
  await writeFile(log, 'one\n');
  await first.look();
  await first.stop();
  await appendFile(log, 'two\n');
  await chmod(log, 0);
  await rename(log, at('app.log.1'));
  await writeFile(log, 'three\n');
  if (isRoot) process.seteuid!(65_534);
  let second: Awaited<ReturnType<typeof follow>>;
  try {
    second = await follow({ paths: log }, first.io.stored);
    await second.look();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
  expect(second.reported()).toEqual(['three']);
  expect(second.io.reports.at(-1)).toBe(`${log} cannot be read (EACCES)`);
  await second.look();
  expect(placed(second.io)).toEqual(['app.log#1 three', 'app.log#2 two']);
});

test('a million lines take one checkpoint, a bounded number of pending events and bounded memory', async () => {
  const count = 1_000_000;
  const handle = await open(log, 'w');
  for (let from = 1; from <= count; from += 10_000) await handle.write(text(numbered(from, from + 9999)));
  await handle.close();
  const io = recordedIo({ clock: systemClock });
  const keys = new Set<string>();
  const seen = { next: 1, underWay: 0, most: 0, wrong: 0, heap: 0 };
  let done = (): void => undefined;
  const isDone = new Promise<void>((resolve) => (done = resolve));
  const emit: RecordedIo['emit'] = async (event, checkpoints = []) => {
    if (lineOf(event) !== `line ${seen.next}` || (event.data as { number: number }).number !== seen.next)
      seen.wrong += 1;
    seen.next += 1;
    seen.underWay += 1;
    seen.most = Math.max(seen.most, seen.underWay);
    if (seen.next % 100_000 === 0) seen.heap = Math.max(seen.heap, process.memoryUsage().heapUsed);
    for (const { key } of checkpoints) keys.add(key);
    await turn();
    seen.underWay -= 1;
    if (seen.next > count) done();
    return { id: event.id!, duplicate: false };
  };
  await startLines({ paths: log, from: 'start' }, { ...io, emit });
  await isDone;
  expect(seen).toMatchObject({ next: count + 1, wrong: 0 });
  expect(seen.most).toBeLessThanOrEqual(128);
  expect(seen.most).toBeGreaterThan(32);
  expect(keys.size).toBe(1);
  expect(seen.heap).toBeLessThan(400 * 1024 * 1024);
});

test('it reads no further than the lines that are being stored', async () => {
  await writeFile(log, text(numbered(1, 200_000)));
  const io = recordedIo({ clock: systemClock });
  const seen = { asked: 0 };
  let take = (): void => undefined;
  const taken = new Promise<void>((resolve) => (take = resolve));
  const emit: RecordedIo['emit'] = async (event, checkpoints) => {
    seen.asked += 1;
    if (seen.asked > 50) await taken;
    return io.emit(event, checkpoints);
  };
  const source = await startLines({ paths: log, from: 'start' }, { ...io, emit });
  // Batches of 1, 2, 4, 8 and 16 were stored, one of 32 is pending.
  while (seen.asked < 51) await turn();
  const before = seen.asked;
  for (let turns = 0; turns < 50; turns += 1) await turn();
  expect(seen.asked).toBe(before);
  expect(seen.asked).toBeLessThanOrEqual(63);
  const stopped = source.stop();
  take();
  await stopped;
  expect(io.events).toHaveLength(seen.asked);
});

test('files with very many lines do not block another file', async () => {
  const order: string[] = [];
  const large = text(numbered(1, 2500).map((line) => `${line} ${'x'.repeat(1000)}`));
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => at(`${name}.log`));
  await Promise.all(names.map((name) => writeFile(name, large)));
  await writeFile(at('z.log'), 'one\n');
  const io = recordedIo({ clock: systemClock });
  let done = (): void => undefined;
  const isDone = new Promise<void>((resolve) => (done = resolve));
  const emit: RecordedIo['emit'] = async (event) => {
    await turn();
    const { number } = event.data as { number: number };
    if (event.subject === at('z.log') || number === 2500) order.push(path.basename(event.subject!));
    if (order.length === names.length + 1) done();
    return { id: event.id!, duplicate: false };
  };
  await startLines({ paths: at('*'), from: 'start' }, { ...io, emit });
  await isDone;
  expect(order[0]).toBe('z.log');
});

test('very many files are followed with few of them open', async (context) => {
  if (process.platform !== 'linux') return context.skip('only Linux lists the open files');
  const count = 1000;
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  await mkdir(at('many'));
  const names = Array.from({ length: count }, (_, index) => at('many', `${index}.log`));
  await Promise.all(names.map((name) => writeFile(name, 'old\n')));
  const source = await startLines({ paths: at('many', '*') }, io);
  await clock.advance(100);
  for (let round = 0; round < 2; round += 1) {
    await Promise.all(names.map((name) => appendFile(name, `${round}\nmore\n`)));
    await clock.advance(LOOK);
    expect(io.events).toHaveLength((round + 1) * 2 * count);
    expect(openFiles()).toBeLessThanOrEqual(128);
  }
  expect(source.detail?.()).toBe('1000 files');
  await Promise.all(names.map((name) => unlink(name)));
  await clock.advance(100_000);
  expect(openFiles()).toBe(0);
  expect(source.detail?.()).toBe('0 files');
  expect(new Set(placed(io)).size).toBe(count * 4);
});

test('it stops at once in every phase, and leaves no timer and no open file', async () => {
  await writeFile(log, text(numbered(1, 5000)));
  for (let rounds = 0; rounds < 60; rounds += 3) {
    const clock = new VirtualClock();
    const io = recordedIo({ clock });
    const source = await startLines({ paths: at('*'), from: rounds % 2 === 0 ? 'start' : 'end' }, io);
    for (let turns = 0; turns < rounds; turns += 1) await turn();
    await source.stop();
    expect(clock.waiting).toBe(0);
    expect(process.platform === 'linux' ? openFiles() : 0).toBe(0);
    const { length } = io.events;
    await turn();
    expect(io.events).toHaveLength(length);
  }
});

test('it stops while lines are refused, and the next start reports them', async () => {
  const clock = new VirtualClock();
  const stored = new Map<string, string>();
  const io = recordedIo({ clock, stored });
  const source = await startLines(
    { paths: log },
    { ...io, emit: () => Promise.reject(new Error('the daemon is stopping')) },
  );
  await clock.advance(100);
  await writeFile(log, 'one\ntwo\n');
  await clock.advance(LOOK);
  await source.stop();
  expect(clock.waiting).toBe(0);
  const next = await follow({ paths: log }, stored);
  expect(next.reported()).toEqual(['one', 'two']);
});

test('it retries when its first checkpoints are refused', async () => {
  await writeFile(log, 'old\n');
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  const refusals = [new Error('disk full')];
  const saveCheckpoints: RecordedIo['saveCheckpoints'] = (checkpoints) => {
    const refusal = refusals.shift();
    return refusal === undefined ? io.saveCheckpoints(checkpoints) : Promise.reject(refusal);
  };
  await startLines({ paths: log }, { ...io, saveCheckpoints });
  await clock.advance(100);
  expect(io.reports).toEqual(['disk full']);
  await appendFile(log, 'new\n');
  await clock.advance(3000);
  expect(io.reports.at(-1)).toBeUndefined();
  expect(placed(io)).toEqual(['app.log#2 new']);
});

test('foreign checkpoints are ignored', async () => {
  await writeFile(log, 'one\n');
  const stored = new Map([
    ['file:x', 'no json'],
    ['file:y', '{"path":3}'],
    ['paths', 'neither'],
    ['other', '1'],
  ]);
  const { reported, look } = await follow({ paths: log }, stored);
  await appendFile(log, 'two\n');
  await look();
  expect(reported()).toEqual(['two']);
});
