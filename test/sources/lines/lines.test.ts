import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../daemon/lib/time/clock.ts';
import { lines } from '../../../daemon/sources/lines/lines.ts';
import { follow, lineOf, numbered, placed, startLines, text } from '../../support/lines.ts';
import { readSourceSettings, recordedIo } from '../../support/source-io.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

const at = (...parts: string[]): string => path.join(folder, ...parts);

test('an appended line makes an event with its path and line number', async () => {
  await writeFile(at('app.log'), 'old 1\nold 2\n');
  const { io, look } = await follow({ paths: at('*.log') });
  expect(io.events).toEqual([]);
  await appendFile(at('app.log'), 'new\n');
  await look();
  expect(io.events).toMatchObject([
    { type: 'line', subject: at('app.log'), data: { line: 'new', path: at('app.log'), number: 3 } },
  ]);
});

test('`from: start` also reports existing lines', async () => {
  await writeFile(at('app.log'), 'one\ntwo\n');
  const { io } = await follow({ paths: at('app.log'), from: 'start' });
  expect(placed(io)).toEqual(['app.log#1 one', 'app.log#2 two']);
});

test('a later file is read from its start, also when it was created while the source was stopped', async () => {
  await writeFile(at('a.log'), 'old\n');
  const first = await follow({ paths: at('*.log') });
  await writeFile(at('b.log'), 'one\n');
  await first.look();
  await first.stop();
  await writeFile(at('c.log'), 'two\n');
  const second = await follow({ paths: at('*.log') }, first.io.stored);
  expect([...first.reported(), ...second.reported()]).toEqual(['one', 'two']);
});

test('existing files that only changed patterns match begin at their end', async () => {
  await writeFile(at('a.log'), 'old\n');
  await writeFile(at('a.txt'), 'old\n');
  const first = await follow({ paths: at('*.log') });
  await first.stop();
  await appendFile(at('a.log'), 'one\n');
  await writeFile(at('b.log'), 'two\n');
  const second = await follow({ paths: [at('*.log'), at('*.txt')] }, first.io.stored);
  await appendFile(at('a.txt'), 'three\n');
  await second.look();
  expect(placed(second.io).toSorted()).toEqual(['a.log#2 one', 'a.txt#2 three', 'b.log#1 two']);
});

test('lines written between the start and the time when the source is live are reported', async () => {
  await writeFile(at('app.log'), 'old\n');
  let open = (): void => undefined;
  const live = new Promise<void>((resolve) => (open = resolve));
  const io = recordedIo({ clock: systemClock });
  await startLines({ paths: at('*.log') }, { ...io, live });
  await appendFile(at('app.log'), 'new\n');
  open();
  await io.arrived(1);
  expect(placed(io)).toEqual(['app.log#2 new']);
});

test('a notification of the kernel triggers reading before the next scan', async () => {
  // On this clock waits of more than a second never end.
  const clock: Clock = { ...systemClock, after: (ms, fire) => systemClock.after(ms > 1000 ? 2 ** 40 : ms, fire) };
  const io = recordedIo({ clock });
  await startLines({ paths: [at('*.log'), at('deep', 'er', 'one.txt')], from: 'start' }, io);
  await writeFile(at('app.log'), 'one\n');
  await io.arrived(1);
  await appendFile(at('app.log'), 'two\n');
  await io.arrived(2);
  await mkdir(at('deep', 'er'), { recursive: true });
  await writeFile(at('deep', 'er', 'one.txt'), 'three\n');
  await io.arrived(3);
  await rename(at('app.log'), at('app.log.1'));
  await appendFile(at('app.log.1'), 'four\n');
  await writeFile(at('app.log'), 'five\n');
  await io.arrived(5);
  await appendFile(at('app.log.1'), 'six\n');
  await io.arrived(6);
  expect(io.events.map(lineOf)).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
});

test('only matching lines make events, with the named groups as fields', async () => {
  const { io, look } = await follow({
    paths: at('*'),
    match: String.raw`^(?P<level>ERROR|WARN)(?: \[(?P<unit>\w+)\])? (.*)$`,
  });
  await writeFile(at('app.log'), 'INFO fine\nERROR [disk] full\nDEBUG x\nWARN slow\n');
  await look();
  expect(io.events.map(({ data }) => data)).toEqual([
    { line: 'ERROR [disk] full', path: at('app.log'), number: 2, level: 'ERROR', unit: 'disk' },
    { line: 'WARN slow', path: at('app.log'), number: 4, level: 'WARN', unit: null },
  ]);
});

test('invalid settings are reported when the rules are loaded', () => {
  const problems = (written: object): string[] => readSourceSettings(lines, { paths: at('*'), ...written }).problems;
  expect(problems({})).toEqual([]);
  expect(problems({ match: '(?=x)' })).toEqual([expect.stringContaining('/match: it is not an RE2 expression')]);
  expect(problems({ match: '(?P<path>x)' })).toEqual(['/match: the group `path` would overwrite `data.path`']);
  expect(problems({ match: '(?P<truncated>x)' })).toEqual([
    '/match: the group `truncated` would overwrite `data.truncated`',
  ]);
  expect(problems({ max_line: '1B' })).toEqual(['/max_line: it is below 16B or above 512KiB']);
  expect(problems({ paths: ['/a', '!/b'] })).toEqual([expect.stringContaining('/paths/1')]);
  expect(problems({ from: 'middle' })).toHaveLength(1);
});

test('an expression with catastrophic backtracking elsewhere takes linear time', async () => {
  const { reported, look } = await follow({ paths: at('*'), match: '(?P<tail>(x+x+)+y)' });
  await writeFile(at('app.log'), `${'x'.repeat(60_000)}\n${'x'.repeat(50)}y\n`);
  await look();
  expect(reported()).toEqual([`${'x'.repeat(50)}y`]);
});

test('the last line waits for its newline and is reported once, also across a restart', async () => {
  const first = await follow({ paths: at('*') });
  await writeFile(at('app.log'), 'one\ntw');
  await first.look();
  await appendFile(at('app.log'), 'o and ');
  await first.look();
  expect(first.reported()).toEqual(['one']);
  await first.stop();
  const second = await follow({ paths: at('*') }, first.io.stored);
  await second.look();
  expect(second.reported()).toEqual([]);
  await appendFile(at('app.log'), 'a half\nthree\n');
  await second.look();
  expect(placed(second.io)).toEqual(['app.log#2 two and a half', 'app.log#3 three']);
});

test('a line that was begun before the first start is reported whole', async () => {
  await writeFile(at('app.log'), 'one\ntwo beg');
  const { io, look } = await follow({ paths: at('*') });
  await appendFile(at('app.log'), 'un\n');
  await look();
  expect(placed(io)).toEqual(['app.log#2 two begun']);
});

test('a line longer than `max_line` is cut and marked, and the next one is whole', async () => {
  const { io, look } = await follow({ paths: at('*'), max_line: '100B' });
  await writeFile(at('app.log'), `${'x'.repeat(300_000)}\r\nshort\r\n`);
  await look();
  expect(io.events.map(({ data }) => data)).toEqual([
    { line: 'x'.repeat(100), path: at('app.log'), number: 1, truncated: true },
    { line: 'short', path: at('app.log'), number: 2 },
  ]);
});

test('a restart continues where the source stopped', async () => {
  await writeFile(at('app.log'), 'old\n');
  const first = await follow({ paths: at('*') });
  await appendFile(at('app.log'), 'one\ntwo\n');
  await first.look();
  await first.stop();
  await appendFile(at('app.log'), 'three\n');
  const second = await follow({ paths: at('*') }, first.io.stored);
  expect([...placed(first.io), ...placed(second.io)]).toEqual(['app.log#2 one', 'app.log#3 two', 'app.log#4 three']);
});

test('a kill at any time neither repeats stored lines nor loses others', async () => {
  const all = numbered(1, 40);
  await writeFile(at('app.log'), text(all));
  for (let kill = 0; kill <= all.length; kill += 1) {
    const stored = new Map<string, string>();
    const io = recordedIo({ clock: systemClock, stored });
    let dead = (): void => undefined;
    const isDead = new Promise<void>((resolve) => (dead = resolve));
    const source = await startLines(
      { paths: at('*'), from: 'start' },
      {
        ...io,
        async emit(event, checkpoints) {
          if (io.events.length < kill) return io.emit(event, checkpoints);
          dead();
          throw new Error('killed');
        },
        // A killed process saves nothing when it stops.
        saveCheckpoints: (checkpoints) =>
          io.events.length < kill || kill === 0 ? io.saveCheckpoints(checkpoints) : Promise.reject(new Error('killed')),
      },
    );
    await (kill === all.length ? io.arrived(kill) : isDead);
    await source.stop();
    const again = await follow({ paths: at('*'), from: 'start' }, stored);
    expect([...io.events.map(lineOf), ...again.reported()]).toEqual(all);
    await again.stop();
  }
});

test('lines that do not match are not read again after a restart', async () => {
  const first = await follow({ paths: at('*'), match: 'x' });
  await writeFile(at('app.log'), text(numbered(1, 1000)));
  await first.look();
  await first.stop();
  const second = await follow({ paths: at('*') }, first.io.stored);
  await appendFile(at('app.log'), 'x\n');
  await second.look();
  expect(placed(second.io)).toEqual(['app.log#1001 x']);
});

test('the position after lines that do not match is saved at intervals, not for each line', async () => {
  const { io, clock } = await follow({ paths: at('*'), match: 'x' });
  await writeFile(at('app.log'), 'no\n');
  await clock.advance(1);
  const values = new Set<string>();
  for (let round = 0; round < 30; round += 1) {
    await appendFile(at('app.log'), 'no\n');
    await clock.advance(1000);
    values.add(JSON.stringify([...io.stored]));
  }
  expect(values.size).toBeGreaterThan(1);
  expect(values.size).toBeLessThan(6);
});

test('a line has the same id each time, and different lines have different ids', async () => {
  await writeFile(at('a.log'), 'same\nsame\n');
  await writeFile(at('b.log'), 'same\n');
  const { io } = await follow({ paths: at('*'), from: 'start' });
  expect(new Set(io.events.map(({ id }) => id)).size).toBe(3);
  expect(io.events[0]!.id).toMatch(/^test:[\w-]+:0$/);
});

test('a link and its target are one file, and a changed link leads to another', async () => {
  await writeFile(at('one.txt'), 'one\n');
  await writeFile(at('two.txt'), 'two\n');
  await symlink('one.txt', at('current.log'));
  const named = await follow({ paths: at('current.log'), from: 'start' });
  const both = await follow({ paths: at('*'), from: 'start' });
  await appendFile(at('one.txt'), 'more\n');
  await named.look();
  await both.look();
  await both.look();
  expect(both.reported().toSorted()).toEqual(['more', 'one', 'two']);
  expect(new Set(both.io.events.map(({ subject }) => subject)).size).toBe(2);
  await appendFile(at('one.txt'), 'last\n');
  await symlink('two.txt', at('new'));
  await rename(at('new'), at('current.log'));
  await named.look();
  expect(placed(named.io)).toEqual([
    'current.log#1 one',
    'current.log#2 more',
    'current.log#3 last',
    'current.log#1 two',
  ]);
});

test('a link to outside the folder is not followed unless it is named', async () => {
  await mkdir(at('in'));
  await writeFile(at('secret'), 'secret\n');
  await symlink('../secret', at('in', 'leak.log'));
  const wild = await follow({ paths: at('in', '*'), from: 'start' });
  expect(wild.reported()).toEqual([]);
  const named = await follow({ paths: at('in', 'leak.log'), from: 'start' });
  expect(named.reported()).toEqual(['secret']);
});

test('a folder that is created, deleted and created again is followed', async () => {
  const { reported, look } = await follow({ paths: at('later', '*.log') });
  await mkdir(at('later'));
  await writeFile(at('later', 'a.log'), 'one\n');
  await look();
  await rm(at('later'), { recursive: true });
  await look();
  await mkdir(at('later'));
  await writeFile(at('later', 'a.log'), 'two\n');
  await look();
  expect(reported()).toEqual(['one', 'two']);
});
