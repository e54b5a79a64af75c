import { execFile } from 'node:child_process';
import { appendFile, chmod, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import {
  type DeadLetters,
  type DeadLetterChange,
  openDeadLetters,
} from '../../../daemon/delivery/dead-letters/dead-letters.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { sampleDeadLetter as letter } from '../../support/delivery.ts';
import { memoryLog, sampleEvent, sampleMessage } from '../../support/delivery.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: string;
let file: string;
let scrubber: Scrubber;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = path.join(folder, 'dead-letters.jsonl');
  scrubber = new Scrubber();
});

const open = (): Promise<DeadLetters> => openDeadLetters({ path: file, scrubber, log: memoryLog().log });

async function read(letters: DeadLetters): Promise<{ ids: string[]; problems: number[] }> {
  const found = { ids: [] as string[], problems: [] as number[] };
  for await (const line of letters.read()) {
    if ('record' in line) found.ids.push(line.record.id);
    else found.problems.push(line.line);
  }
  return found;
}

const raw = (): Promise<string> => readFile(file, 'utf8');

test('a record is one line, in a file that only its owner may read', async () => {
  const letters = await open();
  await letters.append(letter('a'));
  expect(JSON.parse((await raw()).trimEnd())).toEqual(letter('a'));
  expect((await raw()).split('\n')).toHaveLength(2);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('many concurrent appends all are in the file, as complete lines', async () => {
  const letters = await open();
  await Promise.all(Array.from({ length: 500 }, (_, index) => letters.append(letter(`d-${index}`))));
  expect((await read(letters)).ids).toHaveLength(500);
});

test('any message is read back equal, and is one line for every reader', async () => {
  const letters = await open();
  const body = 'a\u2028b\u2029c\u0000d\ud800e\r\n"\\' + 'x'.repeat(1 << 20);
  const event = sampleEvent({ data: JSON.parse('{"__proto__": {"polluted": true}, "n": 1e300}') });
  await letters.append(letter('a', { message: sampleMessage({ body }), event }));
  const found = await letters.find('a');
  expect(found?.message.body).toBe(body);
  expect(JSON.stringify(found?.event)).toBe(JSON.stringify(event));
  expect((await raw()).split(/[\n\r\u2028\u2029]/)).toHaveLength(2);
});

test('jq reads the file', async (context) => {
  const letters = await open();
  await letters.append(letter('a'));
  await letters.append(letter('b'));
  const jq = await promisify(execFile)('jq', ['-r', '.id', file]).catch((error: NodeJS.ErrnoException) => error);
  if (jq instanceof Error && jq.code === 'ENOENT') return context.skip('needs jq: apt-get install jq');
  expect(jq).toMatchObject({ stdout: 'a\nb\n' });
});

test('no secret reaches the file', async () => {
  scrubber.add('hunter2-hunter2');
  const letters = await open();
  await letters.append(
    letter('a', { error: { code: 'x', message: 'hunter2-hunter2 is wrong', body: '{"k":"hunter2-hunter2"}' } }),
  );
  await letters.change(
    new Map([['a', (now) => ({ ...now, attempts: [{ at: '', ms: 1, message: 'hunter2-hunter2' }] })]]),
  );
  expect(await raw()).not.toContain('hunter2');
});

test('an incomplete last line is moved to another file, and the next record begins a new line', async () => {
  await (await open()).append(letter('a'));
  const torn = '{"id":"b","dead_at":"2026-11';
  await appendFile(file, torn);
  const letters = await open();
  await letters.append(letter('c'));
  expect(await read(letters)).toEqual({ ids: ['a', 'c'], problems: [] });
  expect(await readFile(path.join(folder, 'dead-letters.torn-1'), 'utf8')).toBe(torn);
  await appendFile(file, 'again');
  await open();
  expect((await readdir(folder)).sort()).toEqual(['dead-letters.jsonl', 'dead-letters.torn-1', 'dead-letters.torn-2']);
});

test('a complete last line without a newline is kept, also when it was written while the daemon ran', async () => {
  await writeFile(file, JSON.stringify(letter('a')));
  const letters = await open();
  await appendFile(file, JSON.stringify(letter('b')));
  await letters.append(letter('c'));
  expect(await read(letters)).toEqual({ ids: ['a', 'b', 'c'], problems: [] });
});

test('lines that do not parse are reported by number and kept byte for byte by every change', async () => {
  const letters = await open();
  await letters.append(letter('a'));
  const bad = Buffer.from([0x7b, 0xff, 0xfe, 0x20]);
  await appendFile(file, Buffer.concat([bad, Buffer.from('\n{"id":"no message"}\n\n')]));
  await letters.append(letter('b'));
  expect(await read(letters)).toEqual({ ids: ['a', 'b'], problems: [2, 3] });
  await letters.change(new Map([['a', null]]));
  const bytes = await readFile(file);
  expect(bytes.subarray(0, 5)).toEqual(Buffer.concat([bad, Buffer.from('\n')]));
  expect(bytes.toString('latin1')).toContain('{"id":"no message"}\n\n');
});

test.each<[string, object]>([
  ['/message/actions/0', { message: { title: 't', body: 'b', actions: [null] } }],
  ['/message/tags', { message: { title: 't', body: 'b', tags: 'x' } }],
  ['/message/priority', { message: { title: 't', body: 'b', priority: { a: 1 } } }],
  ['/message/to', { message: { title: 't', body: 'b', to: 'ops' } }],
  ['/event', { event: { type: 't' } }],
  ['/attempts/0', { attempts: [null] }],
  ['/key', { key: {} }],
  ['deeper than', { event: { id: 'e', type: 't', data: JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) } }],
])('a line with a fault such as `%s` is reported by number and kept', async (pointer, change) => {
  await writeFile(file, JSON.stringify({ ...letter('a'), ...change }));
  const letters = await open();
  await letters.append(letter('b'));
  const lines = [];
  for await (const line of letters.read()) lines.push('record' in line ? line.record.id : line);
  expect(lines).toEqual([{ line: 1, problem: expect.stringContaining(pointer) }, 'b']);
  await letters.change(new Map([['b', null]]));
  expect(JSON.parse(await raw())).toMatchObject(change);
});

test('of two lines with one id the last one counts, and a removal removes both', async () => {
  const letters = await open();
  await letters.append(letter('a'));
  await letters.append(letter('b'));
  await letters.append(letter('a', { channel: 'mail' }));
  expect((await read(letters)).ids).toEqual(['b', 'a']);
  expect((await letters.find('a'))?.channel).toBe('mail');
  await letters.change(new Map([['a', null]]));
  expect((await read(letters)).ids).toEqual(['b']);
});

test('records that are appended after an editor has saved by rename are kept', async () => {
  const letters = await open();
  await letters.append(letter('a'));
  await writeFile(`${file}~`, (await raw()).replace('"ops"', '"mail"'));
  await chmod(`${file}~`, 0o600);
  await rename(`${file}~`, file);
  await letters.append(letter('b'));
  expect((await read(letters)).ids).toEqual(['a', 'b']);
  expect((await letters.find('a'))?.channel).toBe('mail');
});

test('a change uses the current content of the file, and keeps every other line byte for byte', async () => {
  const letters = await open();
  for (const id of ['a', 'b', 'c']) await letters.append(letter(id));
  const edited = (await raw()).replaceAll('Build 42', 'Build 43').replace('{"id":"b"', '{ "id" : "b"');
  await writeFile(file, edited);
  await letters.change(
    new Map<string, DeadLetterChange>([
      ['a', (now) => ({ ...now, attempts: [] })],
      ['c', null],
    ]),
  );
  expect(await letters.find('a')).toMatchObject({
    attempts: [],
    message: { body: expect.stringContaining('Build 43') },
  });
  expect(await raw()).toContain(edited.split('\n')[1]!);
  expect((await read(letters)).ids).toEqual(['a', 'b']);
});

test('an edit during a rewrite is kept', async () => {
  const letters = await open();
  for (const id of ['a', 'b']) await letters.append(letter(id));
  let edits = 0;
  await letters.change(
    new Map<string, DeadLetterChange>([
      [
        'a',
        (now) => {
          // Saved after the file was read and before the new one replaces it.
          if ((edits += 1) === 1) void appendFile(file, `${JSON.stringify(letter('typed'))}\n`);
          return { ...now, attempts: [] };
        },
      ],
      ['b', null],
    ]),
  );
  expect((await read(letters)).ids).toContain('typed');
});

test('a reader gets every record, also while others are removed', async () => {
  const letters = await open();
  for (let index = 0; index < 50; index += 1)
    await letters.append(letter(`d-${index}`, { message: sampleMessage({ body: 'x'.repeat(10_000) }) }));
  const seen: string[] = [];
  const leaving = new Map(Array.from({ length: 25 }, (_, index) => [`d-${index}`, null]));
  let removal: Promise<void> | undefined;
  for await (const line of letters.read()) {
    removal ??= letters.change(leaving);
    await removal;
    if ('record' in line) seen.push(line.record.id);
  }
  expect(seen.slice(25)).toEqual(Array.from({ length: 25 }, (_, index) => `d-${index + 25}`));
  expect((await read(letters)).ids).toHaveLength(25);
});

test('a change of no record does not write the file', async () => {
  const letters = await open();
  await letters.append(letter('a'));
  const before = await stat(file, { bigint: true });
  await letters.change(new Map([['nobody', null]]));
  expect((await stat(file, { bigint: true })).ino).toBe(before.ino);
});

test('a missing file has no records', async () => {
  const letters = await open();
  expect(await read(letters)).toEqual({ ids: [], problems: [] });
  expect(await letters.find('a')).toBeUndefined();
  await letters.change(new Map([['a', null]]));
});
