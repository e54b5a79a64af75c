import { appendFile, copyFile, mkdir, open, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { follow, lineOf, LOOK, numbered, placed, type Session, startLines, text } from '../../support/lines.ts';
import { recordedIo } from '../../support/source-io.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
let log: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  log = path.join(folder, 'app.log');
});

const at = (...parts: string[]): string => path.join(folder, ...parts);

/** Lines of two sessions, one after the other. */
const both = (first: Session, second: Session): string[] => [...placed(first.io), ...placed(second.io)];

test('a renamed file is read to its end before the new file of its name', async () => {
  const { io, look } = await follow({ paths: log });
  await writeFile(log, text(numbered(1, 500)));
  await look();
  await appendFile(log, text(numbered(501, 900)));
  await rename(log, at('app.log.1'));
  await writeFile(log, 'new\n');
  await look();
  expect(io.events.map(lineOf)).toEqual([...numbered(1, 900), 'new']);
  expect(placed(io).slice(-2)).toEqual(['app.log#900 line 900', 'app.log#1 new']);
});

test('lines still written to a renamed file are reported under its old name', async () => {
  const { io, clock, look } = await follow({ paths: log });
  await writeFile(log, 'one\n');
  await look();
  const writer = await open(log, 'a');
  await rename(log, at('app.log.1'));
  await writeFile(log, 'new\n');
  await look();
  await writer.write('late\n');
  await look();
  await writer.write('without a newline');
  await writer.close();
  await clock.advance(40_000);
  await appendFile(log, 'newer\n');
  await look();
  expect(placed(io)).toEqual(['app.log#1 one', 'app.log#1 new', 'app.log#2 late', 'app.log#2 newer']);
  await clock.advance(60_000);
  expect(placed(io).slice(4)).toEqual(['app.log#3 without a newline']);
  await appendFile(at('app.log.1'), 'of no interest\n');
  await clock.advance(60_000);
  expect(io.events).toHaveLength(5);
});

test('a file that is deleted during writing is read to its end', async () => {
  const { reported, look } = await follow({ paths: log });
  await writeFile(log, 'one\n');
  await look();
  const writer = await open(log, 'a');
  await writer.write('two\n');
  await unlink(log);
  await writer.write('three\n');
  await look();
  await writer.write('four\n');
  await look();
  await writer.close();
  expect(reported()).toEqual(['one', 'two', 'three', 'four']);
});

test('two rotations between two scans lose no line of known files', async () => {
  const { io, look } = await follow({ paths: at('app.log*') });
  await writeFile(log, 'one\n');
  await look();
  await appendFile(log, 'two\n');
  await rename(log, at('app.log.1'));
  await writeFile(log, 'three\n');
  await rename(at('app.log.1'), at('app.log.2'));
  await rename(log, at('app.log.1'));
  await writeFile(log, 'four\n');
  await look();
  expect(io.events.map(lineOf).toSorted()).toEqual(['four', 'one', 'three', 'two']);
  // The order of the files depends on the order of the notifications.
  expect(placed(io)).toEqual(expect.arrayContaining(['app.log#1 one', expect.stringContaining('#2 two')]));
});

test('a rotated file whose new name matches is not read again, and continues under that name', async () => {
  const { io, look } = await follow({ paths: at('app.log*') });
  await writeFile(log, 'one\n');
  await look();
  await rename(log, at('app.log.1'));
  await writeFile(log, 'two\n');
  await look();
  await appendFile(at('app.log.1'), 'late\n');
  await look();
  expect(placed(io)).toEqual(['app.log#1 one', 'app.log#1 two', 'app.log.1#2 late']);
});

test('a file that was renamed while the source was stopped is found by its inode and finished first', async () => {
  const first = await follow({ paths: log });
  await writeFile(log, 'one\n');
  await first.look();
  await first.stop();
  await appendFile(log, 'two\nthree\n');
  await rename(log, at('app.log.20261123'));
  await writeFile(log, 'four\n');
  const second = await follow({ paths: log }, first.io.stored);
  expect(both(first, second)).toEqual(['app.log#1 one', 'app.log#2 two', 'app.log#3 three', 'app.log#1 four']);
  await second.stop();
  const third = await follow({ paths: log }, first.io.stored);
  await third.look();
  expect(third.reported()).toEqual([]);
});

test('a rename found at the start survives a kill during the reading', async () => {
  const stored = new Map<string, string>();
  const first = await follow({ paths: log }, stored);
  await writeFile(log, 'line 0\n');
  await first.look();
  await first.stop();
  const all = numbered(1, 20);
  await appendFile(log, text(all.slice(0, 10)));
  await rename(log, at('app.log.1'));
  await writeFile(log, text(all.slice(10)));
  for (let kill = 0; kill <= all.length; kill += 1) {
    const copy = new Map(stored);
    const clock = new VirtualClock();
    const io = recordedIo({ clock, stored: copy });
    const isDead = (): boolean => io.events.length >= kill;
    await startLines(
      { paths: log },
      {
        ...io,
        emit: (event, checkpoints) => (isDead() ? Promise.reject(new Error('killed')) : io.emit(event, checkpoints)),
        saveCheckpoints: (checkpoints) =>
          isDead() ? Promise.reject(new Error('killed')) : io.saveCheckpoints(checkpoints),
      },
    );
    await clock.advance(100);
    const next = await follow({ paths: log }, copy);
    expect([...io.events.map(lineOf), ...next.reported()]).toEqual(all);
  }
});

test('a truncated file is read from its start, and equal lines are reported again', async () => {
  const { io, look } = await follow({ paths: log });
  await writeFile(log, 'one\ntwo\n');
  await look();
  await writeFile(log, '');
  await look();
  await writeFile(log, 'one\n');
  await look();
  expect(placed(io)).toEqual(['app.log#1 one', 'app.log#2 two', 'app.log#1 one']);
  expect(new Set(io.events.map(({ id }) => id)).size).toBe(3);
});

test('copytruncate: new lines are reported whether there are fewer, as many or more than before', async () => {
  const { reported, look } = await follow({ paths: log });
  const expected: string[] = [];
  let next = 1;
  for (const count of [10, 3, 10, 10, 40, 200, 199]) {
    const lines = numbered(next, next + count - 1);
    next += count;
    expected.push(...lines);
    await appendFile(log, text(lines));
    await look();
    await copyFile(log, at('app.log.1'));
    await truncate(log, 0);
  }
  expect(reported()).toEqual(expected);
});

test('copytruncate while the source was stopped is detected, also when the file has grown beyond the old offset', async () => {
  const first = await follow({ paths: log });
  await writeFile(log, text(numbered(1, 10)));
  await first.look();
  await first.stop();
  await copyFile(log, at('app.log.1'));
  await truncate(log, 0);
  await appendFile(log, text(numbered(11, 50)));
  const second = await follow({ paths: log }, first.io.stored);
  expect([...first.reported(), ...second.reported()]).toEqual(numbered(1, 50));
  expect(placed(second.io)[0]).toBe('app.log#1 line 11');
});

test('a header that is the same in each file does not hide a truncation', async () => {
  const header = `# ${'header '.repeat(400)}`;
  const { io, reported, look, stop } = await follow({ paths: log });
  await writeFile(log, text([header, 'one', 'two']));
  await look();
  await truncate(log, 0);
  await appendFile(log, text([header, '1 first', '2 second', '3 third']));
  await look();
  expect(reported()).toEqual([header, 'one', 'two', header, '1 first', '2 second', '3 third']);
  await stop();
  await truncate(log, 0);
  await appendFile(log, text([header, '4 fourth', '5 fifth', '6 sixth', '7 seventh']));
  const next = await follow({ paths: log }, io.stored);
  expect(next.reported()).toEqual([header, '4 fourth', '5 fifth', '6 sixth', '7 seventh']);
});

test('a renamed file that is not open any more is found in its folder', async () => {
  const { io, look } = await follow({ paths: at('*.log') });
  const others = Array.from({ length: 150 }, (_, index) => at(`other-${index}.log`));
  await writeFile(log, 'one\n');
  await look();
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(others.map((other) => appendFile(other, 'x\n')));
    await look();
  }
  await appendFile(log, 'two\n');
  await rename(log, at('app.log.1'));
  await writeFile(log, 'three\n');
  await look();
  expect(placed(io).filter((line) => line.startsWith('app'))).toEqual([
    'app.log#1 one',
    'app.log#2 two',
    'app.log#1 three',
  ]);
});

test('a writer that continues at its old offset in a truncated file leaves a hole, which makes no line', async () => {
  const { io, look } = await follow({ paths: log });
  const writer = await open(log, 'w');
  const write = async (lines: readonly string[], position: number): Promise<number> => {
    const bytes = Buffer.from(text(lines));
    await writer.write(bytes, 0, bytes.length, position);
    return position + bytes.length;
  };
  let place = await write(numbered(1, 2000), 0);
  await look();
  await truncate(log, 0);
  place = await write(['after', 'more'], place);
  await look();
  await writer.close();
  expect((await stat(log)).size).toBe(place);
  expect(placed(io).slice(-2)).toEqual(['app.log#1 after', 'app.log#2 more']);
});

test('an unfinished line of a truncated file is not joined to the next bytes', async () => {
  const { reported, look } = await follow({ paths: log });
  await writeFile(log, 'one\nhal');
  await look();
  await truncate(log, 0);
  await appendFile(log, 'a whole line\nand one more\n');
  await look();
  expect(reported()).toEqual(['one', 'a whole line', 'and one more']);
});

test('a deleted and recreated file is a new one, even with the same lines and inode', async () => {
  // The birth time of a changed folder shows whether the file system has birth times.
  const { io, look, stop } = await follow({ paths: log });
  await writeFile(log, 'one\ntwo\n');
  await look();
  await unlink(log);
  await look();
  await writeFile(log, 'one\ntwo\n');
  await look();
  expect(placed(io)).toEqual(['app.log#1 one', 'app.log#2 two', 'app.log#1 one', 'app.log#2 two']);
  await stop();
  await unlink(log);
  await mkdir(at('between'));
  await writeFile(log, 'one\ntwo\nthree\n');
  const next = await follow({ paths: log }, io.stored);
  expect(next.reported()).toEqual(['one', 'two', 'three']);
});

test('a file that is moved away and back continues at its position after any time', async () => {
  await mkdir(at('away'));
  const first = await follow({ paths: at('*.log') });
  await writeFile(log, 'one\n');
  await first.look();
  await rename(log, at('away', 'app.log'));
  await first.clock.advance(100_000);
  await appendFile(at('away', 'app.log'), 'two\n');
  await rename(at('away', 'app.log'), log);
  await first.look();
  expect(placed(first.io)).toEqual(['app.log#1 one', 'app.log#2 two']);
  await rename(log, at('away', 'app.log'));
  await first.stop();
  const second = await follow({ paths: at('*.log') }, first.io.stored);
  await second.clock.advance(100_000);
  await second.stop();
  await appendFile(at('away', 'app.log'), 'three\n');
  await rename(at('away', 'app.log'), at('other.log'));
  const third = await follow({ paths: at('*.log') }, first.io.stored);
  await third.look();
  expect(third.reported()).toEqual(['three']);
});

test('after any sequence of rotations every line is reported once, and those of one file in order', async () => {
  let seed = 20_261_123;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const names = ['a.log', 'b.log', 'c.log'];
  const written: string[] = [];
  const reportedLines: string[] = [];
  /** By name: number of lines, and which file of that name it is. */
  const counts = new Map<string, number>();
  const lives = new Map<string, number>();
  const end = (name: string): unknown => lives.set(name, (lives.get(name) ?? 0) + 1);
  const stored = new Map<string, string>();
  const append = async (): Promise<void> => {
    const name = names[random(3)]!;
    const lines = Array.from({ length: 1 + random(30) }, () => {
      const number = (counts.get(name) ?? 0) + 1;
      counts.set(name, number);
      return `${name}.${lives.get(name) ?? 0} ${number} ${'x'.repeat(random(100))}`;
    });
    written.push(...lines);
    const whole = text(lines);
    const cut = random(2) === 0 ? random(whole.length) : whole.length;
    await appendFile(at(name), whole.slice(0, cut));
    if (cut < whole.length) await appendFile(at(name), whole.slice(cut));
  };
  const rotate = async (): Promise<void> => {
    const name = names[random(3)]!;
    end(name);
    for (let age = 4; age > 0; age -= 1)
      await rename(at(`${name}.${age}`), at(`${name}.${age + 1}`)).catch(() => undefined);
    await rename(at(name), at(`${name}.1`)).catch(() => undefined);
  };
  let session = await follow({ paths: at('*.log*'), from: 'start' }, stored);
  const restart = async (): Promise<void> => {
    await session.stop();
    reportedLines.push(...session.reported());
    for (let step = 0; step < random(4); step += 1) await (random(3) === 0 ? rotate() : append());
    session = await follow({ paths: at('*.log*'), from: 'start' }, stored);
  };
  const empty = async (): Promise<void> => {
    await session.look();
    const name = names[random(3)]!;
    end(name);
    await truncate(at(name), 0).catch(() => undefined);
  };
  const acts = [append, append, append, append, rotate, restart, empty, () => session.clock.advance(random(5000))];
  for (let step = 0; step < 250; step += 1) await acts[random(acts.length)]!();
  await session.look();
  await session.look();
  reportedLines.push(...session.reported());
  expect(reportedLines.toSorted()).toEqual(written.toSorted());
  const last = new Map<string, number>();
  for (const [file = '', number = ''] of reportedLines.map((line) => line.split(' '))) {
    expect(Number(number)).toBeGreaterThan(last.get(file) ?? 0);
    last.set(file, Number(number));
  }
  expect(last.size).toBeGreaterThan(20);
});

test('files that were rotated before they were read are found after a kill, and read in order of creation', async () => {
  const clock = new VirtualClock();
  const stored = new Map<string, string>();
  const io = recordedIo({ clock, stored });
  // Refused lines block the source, so that only the first file is read.
  await startLines({ paths: log }, { ...io, emit: () => Promise.reject(new Error('disk full')) });
  await clock.advance(100);
  for (const [age, line] of ['one', 'two', 'three'].entries()) {
    await writeFile(log, `${line}\n`);
    await clock.advance(LOOK);
    await rename(log, at(`app.log.${9 - age}`));
  }
  await writeFile(log, 'four\n');
  const next = await follow({ paths: log }, new Map(stored));
  expect(next.reported()).toEqual(['one', 'two', 'three', 'four']);
});
