import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CrashMarks, crashesIn } from '../../daemon/delivery/crash-marks.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belfry-marks-'));
  file = path.join(folder, 'attempts');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = (): Promise<void> => new Promise(() => undefined);
const clock = new VirtualClock('2026-11-23T09:00:00Z');
const open = (): CrashMarks => new CrashMarks(file, { clock, log: pino({ level: 'silent' }) });

test('nothing is marked before the first crash, and the file is gone after a clean stop', async () => {
  const marks = open();
  await marks.run('a', async () => undefined);
  expect([marks.isMarking, readFileSync(file, 'utf8')]).toEqual([false, '']);
  marks.close();
  expect(existsSync(file)).toBe(false);
});

test('a delivery whose message was being made at three crashes in a row is poison; one whose message was sent is not', async () => {
  open();
  for (const crashes of [1, 2, 3]) {
    const marks = open();
    expect([crashes, marks.isPoison('bad')]).toEqual([crashes, false]);
    void marks.run('bad', never);
    void marks.run('sent', async (onSent) => {
      onSent();
      await never();
    });
    await clock.advance(0);
  }
  const marks = open();
  expect([marks.isPoison('bad'), marks.isPoison('sent')]).toEqual([true, false]);
});

test('a message that is made at last begins to count anew', () => {
  expect(crashesIn('= a 2\n= b 1\n+ a 0\n- a 0\n+ b 0\n+ c 0\n')).toEqual(
    new Map([
      ['b', 2],
      ['c', 1],
    ]),
  );
  expect(crashesIn('= a 2\n')).toEqual(new Map([['a', 2]]));
});

test('a line that a crash has cut, and bytes that are no line, have no effect', () => {
  expect(crashesIn('= a 1\n\0\0\0\nx\n+ b 0\n+ a')).toEqual(
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  );
});

test('deliveries that were marked at a crash are attempted one at a time, so that the next crash names one of them', async () => {
  writeFileSync(file, '+ a 0\n+ b 0\n');
  const marks = open();
  const begun: string[] = [];
  const attempt = (id: string) => (): Promise<void> => {
    begun.push(id);
    return never();
  };
  for (const id of ['a', 'b', 'new']) void marks.run(id, attempt(id));
  await clock.advance(999);
  expect(begun).toEqual(['new', 'a']);
  await clock.advance(1);
  expect(begun).toEqual(['new', 'a', 'b']);
});

test('after ten minutes without a crash nothing is marked any more', async () => {
  writeFileSync(file, '= a 3\n');
  const marks = open();
  expect(marks.isPoison('a')).toBe(true);
  await clock.advance(10 * 60_000);
  expect([marks.isMarking, marks.isPoison('a'), readFileSync(file, 'utf8')]).toEqual([false, false, '']);
});

test('a folder in place of the file prevents no attempt', async () => {
  const marks = new CrashMarks(folder, { clock, log: pino({ level: 'silent' }) });
  expect(await marks.run('a', async () => 'done')).toBe('done');
});
