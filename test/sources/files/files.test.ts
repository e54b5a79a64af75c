import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { FileChanges } from '../../../daemon/sources/files/changes.ts';
import { readText } from '../../../daemon/sources/files/content.ts';
import { files } from '../../../daemon/sources/files/files.ts';
import type { RunningSource } from '../../../daemon/sources/source.ts';
import { readSourceSettings, recordedIo, type RecordedIo } from '../../support/source-io.ts';

let folder: string;
let running: RunningSource[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belfry-files-'));
});

afterEach(async () => {
  await Promise.all(running.map((source) => source.stop()));
  running = [];
  await rm(folder, { recursive: true, force: true });
});

const at = (...parts: string[]): string => path.join(folder, ...parts);

async function start(written: object, io: RecordedIo): Promise<RunningSource> {
  const { settings, problems } = readSourceSettings(files, { settle: '40ms', rescan: '150ms', ...written });
  expect(problems).toEqual([]);
  const source = await files.start(settings as never, io);
  running.push(source);
  return source;
}

const reported = (io: RecordedIo): string[] =>
  io.events.map(({ type, subject }) => `${type} ${path.relative(folder, subject ?? '')}`);

test('a created, a changed and a deleted file each make one event with its data', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('**/*.txt'), content: '1KiB' }, io);
  await mkdir(at('sub'));
  await writeFile(at('sub', 'a.txt'), 'hello');
  await io.arrived(1);
  expect(io.events[0]).toMatchObject({
    type: 'file.created',
    data: { name: 'a.txt', ext: '.txt', size: 5, content: 'hello', path: at('sub', 'a.txt') },
  });
  await appendFile(at('sub', 'a.txt'), ' again');
  await io.arrived(2);
  await unlink(at('sub', 'a.txt'));
  await io.arrived(3);
  expect(reported(io)).toEqual(['file.created sub/a.txt', 'file.changed sub/a.txt', 'file.deleted sub/a.txt']);
});

test('a save as vim does it, by backup and rename, is one change', async () => {
  await writeFile(at('a.txt'), 'old');
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*'), ignore: ['*~', '4913'] }, io);
  await writeFile(at('marker'), '');
  await io.arrived(1);
  await writeFile(at('4913'), '');
  await unlink(at('4913'));
  await rename(at('a.txt'), at('a.txt~'));
  await writeFile(at('a.txt'), 'new and longer');
  await unlink(at('a.txt~'));
  await io.arrived(2);
  await writeFile(at('end'), '');
  await io.arrived(3);
  expect(reported(io)).toEqual(['file.created marker', 'file.changed a.txt', 'file.created end']);
});

test('changes while the source was stopped are reported at the start, and only those', async () => {
  await writeFile(at('kept'), '1');
  await writeFile(at('changed'), '1');
  await writeFile(at('gone'), '1');
  const stored = new Map<string, string>();
  const first = recordedIo({ clock: systemClock, stored });
  const source = await start({ paths: at('*') }, first);
  await writeFile(at('marker'), '');
  await first.arrived(1);
  await source.stop();
  expect(reported(first)).toEqual(['file.created marker']);
  await writeFile(at('changed'), '22');
  await unlink(at('gone'));
  await writeFile(at('new'), '1');
  const second = recordedIo({ clock: systemClock, stored });
  await start({ paths: at('*') }, second);
  await second.arrived(3);
  expect(reported(second).sort()).toEqual(['file.changed changed', 'file.created new', 'file.deleted gone']);
});

test('missed: false skips changes while stopped; initial: true reports the files of the very first start', async () => {
  await writeFile(at('a'), '1');
  const stored = new Map<string, string>();
  const first = recordedIo({ clock: systemClock, stored });
  const source = await start({ paths: at('*'), initial: true, missed: false }, first);
  await first.arrived(1);
  await source.stop();
  await writeFile(at('b'), '1');
  const second = recordedIo({ clock: systemClock, stored });
  await start({ paths: at('*'), initial: true, missed: false }, second);
  await second.saveCheckpoints([]);
  await writeFile(at('c'), '1');
  await second.arrived(1);
  expect(reported(second).filter((line) => line.endsWith(' b'))).toEqual([]);
});

test('existing files that new globs match make no event', async () => {
  await writeFile(at('a.csv'), '1');
  await writeFile(at('b.txt'), '1');
  const stored = new Map<string, string>();
  const source = await start({ paths: at('*.txt') }, recordedIo({ clock: systemClock, stored }));
  await source.stop();
  const second = recordedIo({ clock: systemClock, stored });
  await start({ paths: [at('*.txt'), at('*.csv')] }, second);
  await writeFile(at('c.csv'), '1');
  await second.arrived(1);
  expect(reported(second)).toEqual(['file.created c.csv']);
});

test('a folder that is created, deleted and created again is watched', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('later', '*') }, io);
  await mkdir(at('later'));
  await writeFile(at('later', 'a'), '1');
  await io.arrived(1);
  await rm(at('later'), { recursive: true });
  await io.arrived(2);
  await mkdir(at('later'));
  await writeFile(at('later', 'b'), '1');
  await io.arrived(3);
  expect(reported(io)).toEqual(['file.created later/a', 'file.deleted later/a', 'file.created later/b']);
});

test('a refused event is retried until it is stored', async () => {
  const io = recordedIo({ clock: systemClock });
  io.refuse(new Error('the disk is full'));
  await start({ paths: at('*') }, io);
  await writeFile(at('a'), '1');
  await io.arrived(1);
  expect(io.tries).toBe(2);
  expect(reported(io)).toEqual(['file.created a']);
});

test('a link to outside the folder is not followed', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*'), content: '1MiB' }, io);
  await symlink('/etc/passwd', at('leak'));
  await writeFile(at('honest'), 'x');
  await io.arrived(1);
  await writeFile(at('second'), 'x');
  await io.arrived(2);
  expect(reported(io)).toEqual(['file.created honest', 'file.created second']);
  expect(await readFile(at('leak'), 'utf8')).not.toBe('');
});

test('only the chosen kinds of changes make events, and the others update the snapshot', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*'), events: ['deleted'] }, io);
  await writeFile(at('a'), '1');
  await writeFile(at('b'), '1');
  const known = async (): Promise<void> => {
    while (!io.stored.has(at('a')) || !io.stored.has(at('b'))) await new Promise((resolve) => setImmediate(resolve));
  };
  await known();
  await unlink(at('a'));
  await io.arrived(1);
  expect(reported(io)).toEqual(['file.deleted a']);
});

test('a thousand files at once are a thousand events', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('**/*') }, io);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => writeFile(at(`f${index}`), '1')));
  await io.arrived(1000);
  expect(new Set(reported(io)).size).toBe(1000);
});

test('a change counts when the file has kept one state for long enough, and quick changes count as the last', () => {
  const changes = new FileChanges(new Map([['/a', '1']]), 500);
  changes.observe('/a', undefined, 0);
  changes.observe('/a', '2', 100);
  expect(changes.due(500)).toEqual([]);
  changes.observe('/a', '3', 550);
  changes.observe('/a', '3', 700);
  expect(changes.due(1049)).toEqual([]);
  expect(changes.nextDueIn(1049)).toBe(1);
  expect(changes.due(1050)).toEqual([{ file: '/a', kind: 'changed', state: '3', before: '1' }]);
  changes.markReported({ file: '/a', kind: 'changed', state: '3', before: '1' });
  expect(changes.due(9999)).toEqual([]);
});

test('a change that is undone before it settles makes no event', () => {
  const changes = new FileChanges(new Map([['/a', '1']]), 500);
  changes.observe('/a', '2', 0);
  changes.observe('/a', '1', 100);
  expect(changes.due(9999)).toEqual([]);
});

/** Starts a source that scans every 100 ms of a virtual clock, so that the test does not depend on the kernel's notifications. */
async function startVirtually(written: object, io: RecordedIo, clock: VirtualClock): Promise<RunningSource> {
  const source = await start({ settle: '500ms', rescan: '100ms', ...written }, io);
  await clock.advance(200);
  return source;
}

test('a file that is being written makes no event until it has settled, however long that takes', async () => {
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  await startVirtually({ paths: at('*'), content: '1KiB' }, io, clock);
  for (let part = 0; part < 10; part += 1) {
    await appendFile(at('a'), 'part ');
    await clock.advance(400);
  }
  expect(io.events).toEqual([]);
  await clock.advance(300);
  expect(io.events).toMatchObject([{ type: 'file.created', data: { size: 50, content: 'part '.repeat(10) } }]);
});

test('changes within `settle` are one event, and a file that exists for less makes none', async () => {
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  await startVirtually({ paths: at('*') }, io, clock);
  for (let round = 0; round < 5; round += 1) {
    await writeFile(at('often'), 'x'.repeat(round + 1));
    await writeFile(at('brief'), 'x');
    await clock.advance(100);
    await rm(at('brief'));
    await clock.advance(100);
  }
  await clock.advance(1000);
  expect(io.events).toMatchObject([{ type: 'file.created', subject: at('often'), data: { size: 5 } }]);
});

test('a file that is deleted and created again within `settle` was changed, and a rename is two events', async () => {
  await writeFile(at('a'), '1');
  await writeFile(at('b'), '1');
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  await startVirtually({ paths: at('*') }, io, clock);
  await rm(at('a'));
  await clock.advance(300);
  await writeFile(at('a'), 'again');
  await rename(at('b'), at('c'));
  await clock.advance(1000);
  expect(reported(io).toSorted()).toEqual(['file.changed a', 'file.created c', 'file.deleted b']);
});

test('a deleted file has the data of its last state', async () => {
  await writeFile(at('a.txt'), 'hello');
  await utimes(at('a.txt'), 0, 1_700_000_000);
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*') }, io);
  await unlink(at('a.txt'));
  await io.arrived(1);
  expect(io.events).toMatchObject([
    { type: 'file.deleted', data: { name: 'a.txt', ext: '.txt', size: 5, mtime: '2023-11-14T22:13:20.000Z' } },
  ]);
});

test('`content` holds the text of small text files', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*'), content: '10B' }, io);
  await writeFile(at('text'), 'grüße');
  await writeFile(at('long'), 'x'.repeat(11));
  await writeFile(at('binary'), Buffer.from([0xff, 0xfe]));
  await writeFile(at('nul'), 'a\0b');
  await io.arrived(4);
  const contents = io.events.map(({ data }) => data as { name: string; content?: string });
  expect(contents.filter(({ content }) => content !== undefined)).toMatchObject([{ name: 'text', content: 'grüße' }]);
});

test('`content` is the text of exactly the state that is reported', async () => {
  await writeFile(at('a'), 'settled');
  const { size, mtimeNs, ino } = await stat(at('a'), { bigint: true });
  const state = `${size},${mtimeNs},${ino}`;
  expect(await readText(at('a'), state, 100)).toEqual({ moved: false, text: 'settled' });
  expect(await readText(at('a'), state, 6)).toEqual({ moved: false, text: undefined });
  await rename(at('a'), at('b'));
  expect(await readText(at('a'), state, 100)).toEqual({ moved: true });
  execFileSync('mkfifo', [at('a')]);
  expect(await readText(at('a'), state, 100)).toEqual({ moved: true });
  await rm(at('a'));
  await symlink('/etc/passwd', at('a'));
  expect(await readText(at('a'), state, 100)).toEqual({ moved: true });
});

test('a pipe is neither reported nor opened', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  const io = recordedIo({ clock: systemClock });
  const source = await start({ paths: at('*'), content: '1KiB', initial: true }, io);
  execFileSync('mkfifo', [at('later')]);
  await writeFile(at('file'), 'x');
  await io.arrived(1);
  await source.stop();
  expect(reported(io)).toEqual(['file.created file']);
});

test('a single file is watched, also when it, its link or its folder is created later', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: [at('deep', 'er', 'a.conf'), at('link.conf')], rescan: '1h' }, io);
  await writeFile(at('neighbour'), 'x');
  await mkdir(at('deep', 'er'), { recursive: true });
  await writeFile(at('deep', 'er', 'a.conf'), '1');
  await io.arrived(1);
  await symlink(at('deep', 'er', 'a.conf'), at('link.conf'));
  await io.arrived(2);
  await writeFile(at('deep', 'er', 'new'), '22');
  await rename(at('deep', 'er', 'new'), at('deep', 'er', 'a.conf'));
  await io.arrived(3);
  await rm(at('deep'), { recursive: true });
  await mkdir(at('deep', 'er'), { recursive: true });
  await writeFile(at('deep', 'er', 'a.conf'), '333');
  await io.arrived(4);
  const changes = reported(io);
  expect(changes.slice(0, 3)).toEqual([
    'file.created deep/er/a.conf',
    'file.created link.conf',
    'file.changed deep/er/a.conf',
  ]);
});

test('a base that is created later, two folders below a watched one, is found before the next rescan', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: [at('*.csv'), at('late', 'deep', '*.csv')], rescan: '1h' }, io);
  await writeFile(at('marker.csv'), '');
  await io.arrived(1);
  await mkdir(at('late'));
  await mkdir(at('late', 'deep'));
  await writeFile(at('late', 'deep', 'a.csv'), '1');
  await io.arrived(2);
  expect(reported(io)).toEqual(['file.created marker.csv', 'file.created late/deep/a.csv']);
});

test("a swap of Kubernetes' `..data` changes every file that is linked through it", async () => {
  await mkdir(at('..v1'));
  await mkdir(at('..v2'));
  await writeFile(at('..v1', 'a.yaml'), '1');
  await writeFile(at('..v2', 'a.yaml'), '22');
  await symlink('..v1', at('..data'));
  await symlink('..data/a.yaml', at('a.yaml'));
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*.yaml'), content: '1KiB', rescan: '1h' }, io);
  await writeFile(at('marker.yaml'), '');
  await io.arrived(1);
  await symlink('..v2', at('..data_tmp'));
  await rename(at('..data_tmp'), at('..data'));
  await io.arrived(2);
  expect(io.events[1]).toMatchObject({ type: 'file.changed', subject: at('a.yaml'), data: { content: '22' } });
});

test('nested folders are watched when they are created, moved and deleted, before the next rescan', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('**'), rescan: '1h' }, io);
  await mkdir(at('a', 'b'), { recursive: true });
  await writeFile(at('a', 'b', '1'), 'x');
  await io.arrived(1);
  await rename(at('a'), at('z'));
  await io.arrived(3);
  await writeFile(at('z', 'b', '2'), 'x');
  await io.arrived(4);
  await rm(at('z'), { recursive: true });
  await io.arrived(6);
  await mkdir(at('z', 'b'), { recursive: true });
  await writeFile(at('z', 'b', '1'), 'x');
  await io.arrived(7);
  expect(
    reported(io)
      .map((line) => line.replace('file.', ''))
      .toSorted(),
  ).toEqual([
    'created a/b/1',
    'created z/b/1',
    'created z/b/1',
    'created z/b/2',
    'deleted a/b/1',
    'deleted z/b/1',
    'deleted z/b/2',
  ]);
});

test('an unreadable folder is reported as a fault, and its files not as deleted', async (context) => {
  await chmod(folder, 0o755);
  await mkdir(at('closed'));
  await writeFile(at('closed', 'a'), '1');
  await writeFile(at('b'), '1');
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  const isRoot = process.getuid?.() === 0;
  if (isRoot && process.seteuid === undefined) return context.skip('this system has no seteuid');
  await startVirtually({ paths: at('**') }, io, clock);
  await chmod(at('closed'), 0);
  await unlink(at('b'));
  // The superuser can read every folder.
  if (isRoot) process.seteuid!(65_534);
  try {
    await clock.advance(2000);
  } finally {
    if (isRoot) process.seteuid!(0);
  }
  expect(reported(io)).toEqual(['file.deleted b']);
  expect(io.reports.at(-1)).toBe(`${at('closed')} cannot be read (EACCES)`);
  await chmod(at('closed'), 0o755);
  await unlink(at('closed', 'a'));
  await clock.advance(2000);
  expect(reported(io)).toEqual(['file.deleted b', 'file.deleted closed/a']);
  expect(io.reports.at(-1)).toBeUndefined();
});

test('the first snapshot of many files is saved in few writes, and again after a full disk', async () => {
  const count = 2500;
  await Promise.all(Array.from({ length: count }, (_, index) => writeFile(at(`f${index}`), '1')));
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  let writes = 0;
  const saveCheckpoints: RecordedIo['saveCheckpoints'] = (checkpoints) => {
    writes += 1;
    return writes === 2 ? Promise.reject(new Error('disk full')) : io.saveCheckpoints(checkpoints);
  };
  await start({ paths: at('*'), rescan: '1h' }, { ...io, saveCheckpoints });
  await clock.advance(100);
  expect(io.reports).toEqual(['disk full']);
  await clock.advance(1000);
  expect(io.reports.at(-1)).toBeUndefined();
  expect(io.stored.size).toBe(count + 1);
  expect(writes).toBeLessThanOrEqual(2 + 3);
  expect(io.events).toEqual([]);
});

test('a change that had not settled when the source stopped is reported by the next one', async () => {
  await writeFile(at('a'), '1');
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  const written = { paths: at('*'), missed: false };
  const first = await startVirtually(written, io, clock);
  await writeFile(at('a'), '22');
  await clock.advance(200);
  await first.stop();
  expect(io.events).toEqual([]);
  await startVirtually(written, io, clock);
  await clock.advance(1000);
  expect(reported(io)).toEqual(['file.changed a']);
});

test('it stops at once in every phase, and leaves no timer', async () => {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const clock = new VirtualClock();
    const source = await start({ paths: at('*'), rescan: '1h' }, recordedIo({ clock }));
    for (let turns = 0; turns < rounds; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    await source.stop();
    expect(clock.waiting).toBe(0);
  }
});

test('it stops while an event is being stored', async () => {
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  let taken = (): void => undefined;
  let asked = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const emit: RecordedIo['emit'] = async (event, checkpoints) => {
    asked();
    await new Promise<void>((resolve) => (taken = resolve));
    return io.emit(event, checkpoints);
  };
  await writeFile(at('a'), '1');
  const source = await start({ paths: at('*'), initial: true, settle: '0s', rescan: '1h' }, { ...io, emit });
  await isAsked;
  const stopped = source.stop();
  taken();
  await stopped;
  expect(reported(io)).toEqual(['file.created a']);
  expect(clock.waiting).toBe(0);
});

test('a refused event is reported as a fault, retried with growing waits, and stored once', async () => {
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  await startVirtually({ paths: at('*') }, io, clock);
  io.refuse(new Error('disk full'), new Error('disk full'), new Error('disk full'));
  await writeFile(at('a'), '1');
  await clock.advance(1000);
  expect(io.reports.at(-1)).toBe('a change was not accepted: disk full');
  await clock.advance(8000);
  expect(io.tries).toBe(4);
  expect(io.reports.at(-1)).toBeUndefined();
  expect(reported(io)).toEqual(['file.created a']);
});

test('after any sequence of changes and restarts the events add up to the present files', async () => {
  let seed = 20_261_123;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const name = (): string => at(...[['d', 'e', ''][random(3)]!, `f${random(6)}`].filter((part) => part !== ''));
  const acts: readonly (() => Promise<unknown>)[] = [
    () => writeFile(name(), 'x'.repeat(1 + random(50))),
    () => appendFile(name(), 'y'),
    () => unlink(name()),
    () => rename(name(), name()),
    () => rm(at('d'), { recursive: true }),
    () => rename(at('d'), at('e')),
    () => mkdir(at('e')),
    () => mkdir(at('d')),
  ];
  const sizes = async (): Promise<Record<string, number>> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const found = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    return Object.fromEntries(await Promise.all(found.map(async (file) => [file, (await stat(file)).size] as const)));
  };
  const view = new Map<string, number>();
  const wrong: string[] = [];
  let read = 0;
  const follow = (io: RecordedIo): void => {
    for (const { type, subject, data } of io.events.slice(read)) {
      if ((type === 'file.created') === view.has(subject!)) wrong.push(`${type} ${subject}`);
      if (type === 'file.deleted') view.delete(subject!);
      else view.set(subject!, (data as { size: number }).size);
    }
    read = io.events.length;
  };
  const clock = new VirtualClock();
  const io = recordedIo({ clock });
  for (let round = 0; round < 30; round += 1) {
    const source = await startVirtually({ paths: at('**') }, io, clock);
    for (let step = 0; step < 20; step += 1) {
      await acts[random(acts.length)]!().catch(() => undefined);
      if (random(3) === 0) await clock.advance(random(700));
    }
    if (round % 3 === 2) {
      await clock.advance(1500);
      follow(io);
      expect(Object.fromEntries(view)).toEqual(await sizes());
    }
    await source.stop();
    for (let step = 0; step < 3; step += 1) await acts[random(acts.length)]!().catch(() => undefined);
  }
  expect(wrong).toEqual([]);
  expect(read).toBeGreaterThan(100);
});

const ODD_NAMES = [
  'new\nline.txt',
  '\n',
  'carriage\rreturn',
  'tab\t',
  'separator\u2028',
  'control\u0007',
  '-rf',
  ' before',
  'after ',
  'back\\slash',
  'star*',
  'what?',
  '[a]',
  '{b,c}',
  '(d)',
  '!e',
  '~',
  '#f',
  '...',
  '%41',
  '"quoted"',
  "it's",
  'é',
  'e\u0301',
];

test.each([
  ['all of a folder', ''],
  ['a pattern over folders', '**'],
  ['a pattern over folders and names', '**/*'],
])('files and folders may have any name that the system allows: %s', async (_, pattern) => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at(pattern) }, io);
  const names = ODD_NAMES.flatMap((name) => [name, path.join(`in${name}`, 'file')]);
  for (const name of ODD_NAMES) {
    await mkdir(at(`in${name}`));
    await writeFile(at(name), 'x');
    await writeFile(at(`in${name}`, 'file'), 'x');
  }
  await io.arrived(names.length);
  expect(reported(io).toSorted()).toEqual(names.map((name) => `file.created ${name}`).toSorted());
  for (const name of names) await unlink(at(name));
  await io.arrived(2 * names.length);
  expect(reported(io).slice(names.length).toSorted()).toEqual(names.map((name) => `file.deleted ${name}`).toSorted());
  expect(io.reports).toEqual([]);
});

test.each(ODD_NAMES)('a path can name any single file, with `\\` before wildcards: %j', async (name) => {
  const io = recordedIo({ clock: systemClock });
  const written = name.replace(/[\\*?[\]{}()!+@]/g, '\\$&');
  await start({ paths: path.join(folder, 'in', written) }, io);
  await mkdir(at('in'));
  await writeFile(at('in', name), 'x');
  await io.arrived(1);
  expect(reported(io)).toEqual([`file.created ${path.join('in', name)}`]);
});

test('a name that is not UTF-8 is reported as a fault, and the files beside it make events', async () => {
  const io = recordedIo({ clock: systemClock });
  await writeFile(Buffer.concat([Buffer.from(at('bad-')), Buffer.from([0xff, 0xfe])]), 'x');
  await start({ paths: at('**') }, io);
  await writeFile(at('good'), 'x');
  await io.arrived(1);
  expect(reported(io)).toEqual(['file.created good']);
  expect(io.reports.at(-1)).toMatch(/bad-.* cannot be read \(EILSEQ\)/);
});
