import { appendFile, mkdir, mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../daemon/lib/clock.ts';
import { FileChanges } from '../../daemon/sources/file-changes.ts';
import { files } from '../../daemon/sources/files.ts';
import type { RunningSource } from '../../daemon/sources/source.ts';
import { readSourceSettings, recordedIo, type RecordedIo } from '../support/source-io.ts';

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

const told = (io: RecordedIo): string[] =>
  io.events.map(({ type, subject }) => `${type} ${path.relative(folder, subject ?? '')}`);

test('a file that appears, changes and goes is told once each, with what it is', async () => {
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
  expect(told(io)).toEqual(['file.created sub/a.txt', 'file.changed sub/a.txt', 'file.deleted sub/a.txt']);
});

test("a save in vim's way, by backup and rename, is one change", async () => {
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
  expect(told(io)).toEqual(['file.created marker', 'file.changed a.txt', 'file.created end']);
});

test('what changed while nobody watched is told at the start; what did not is not', async () => {
  await writeFile(at('kept'), '1');
  await writeFile(at('changed'), '1');
  await writeFile(at('gone'), '1');
  const stored = new Map<string, string>();
  const first = recordedIo({ clock: systemClock, stored });
  const source = await start({ paths: at('*') }, first);
  await writeFile(at('marker'), '');
  await first.arrived(1);
  await source.stop();
  expect(told(first)).toEqual(['file.created marker']);
  await writeFile(at('changed'), '22');
  await unlink(at('gone'));
  await writeFile(at('new'), '1');
  const second = recordedIo({ clock: systemClock, stored });
  await start({ paths: at('*') }, second);
  await second.arrived(3);
  expect(told(second).sort()).toEqual(['file.changed changed', 'file.created new', 'file.deleted gone']);
});

test('with missed: false nothing of the past is told; with initial: true what is there at the very first start is', async () => {
  await writeFile(at('a'), '1');
  const stored = new Map<string, string>();
  const first = recordedIo({ clock: systemClock, stored });
  const source = await start({ paths: at('*'), initial: true, missed: false }, first);
  await first.arrived(1);
  await source.stop();
  await writeFile(at('b'), '1');
  const second = recordedIo({ clock: systemClock, stored });
  await start({ paths: at('*'), initial: true, missed: false }, second);
  await second.mark([]);
  await writeFile(at('c'), '1');
  await second.arrived(1);
  expect(told(second).filter((line) => line.endsWith(' b'))).toEqual([]);
});

test('globs that are new take what is there for known', async () => {
  await writeFile(at('a.csv'), '1');
  await writeFile(at('b.txt'), '1');
  const stored = new Map<string, string>();
  const source = await start({ paths: at('*.txt') }, recordedIo({ clock: systemClock, stored }));
  await source.stop();
  const second = recordedIo({ clock: systemClock, stored });
  await start({ paths: [at('*.txt'), at('*.csv')] }, second);
  await writeFile(at('c.csv'), '1');
  await second.arrived(1);
  expect(told(second)).toEqual(['file.created c.csv']);
});

test('a folder that comes later, goes and comes again is watched', async () => {
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
  expect(told(io)).toEqual(['file.created later/a', 'file.deleted later/a', 'file.created later/b']);
});

test('an event that is not taken is told again until it is', async () => {
  const io = recordedIo({ clock: systemClock });
  io.refuse(new Error('the disk is full'));
  await start({ paths: at('*') }, io);
  await writeFile(at('a'), '1');
  await io.arrived(1);
  expect(io.tries).toBe(2);
  expect(told(io)).toEqual(['file.created a']);
});

test('a link that leads out of the folder is not read', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('*'), content: '1MiB' }, io);
  await symlink('/etc/passwd', at('leak'));
  await writeFile(at('honest'), 'x');
  await io.arrived(1);
  await writeFile(at('second'), 'x');
  await io.arrived(2);
  expect(told(io)).toEqual(['file.created honest', 'file.created second']);
  expect(await readFile(at('leak'), 'utf8')).not.toBe('');
});

test('only the kinds asked for are told, and the others are still known', async () => {
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
  expect(told(io)).toEqual(['file.deleted a']);
});

test('a thousand files at once are a thousand events', async () => {
  const io = recordedIo({ clock: systemClock });
  await start({ paths: at('**/*') }, io);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => writeFile(at(`f${index}`), '1')));
  await io.arrived(1000);
  expect(new Set(told(io)).size).toBe(1000);
});

test('a change counts when it has been in one state for long enough, and quick ones are the last one', () => {
  const changes = new FileChanges(new Map([['/a', '1']]), 500);
  changes.see('/a', undefined, 0);
  changes.see('/a', '2', 100);
  expect(changes.due(500)).toEqual([]);
  changes.see('/a', '3', 550);
  changes.see('/a', '3', 700);
  expect(changes.due(1049)).toEqual([]);
  expect(changes.wait(1049)).toBe(1);
  expect(changes.due(1050)).toEqual([{ file: '/a', kind: 'changed', state: '3', before: '1' }]);
  changes.reported({ file: '/a', kind: 'changed', state: '3', before: '1' });
  expect(changes.due(9999)).toEqual([]);
});

test('a change that is taken back before it settles is none', () => {
  const changes = new FileChanges(new Map([['/a', '1']]), 500);
  changes.see('/a', '2', 0);
  changes.see('/a', '1', 100);
  expect(changes.due(9999)).toEqual([]);
});
