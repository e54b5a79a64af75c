import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, readFile, rm, rmdir, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type DeadLetters, openDeadLetters } from '../../../daemon/delivery/dead-letters/dead-letters.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { memoryLog } from '../../support/delivery.ts';
import { sampleDeadLetter } from '../../support/delivery.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: string;
let file: string;
let logged: ReturnType<typeof memoryLog>;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = path.join(folder, 'dead-letters.jsonl');
  logged = memoryLog();
});

const open = (): Promise<DeadLetters> => openDeadLetters({ path: file, scrubber: new Scrubber(), log: logged.log });

async function read(letters: DeadLetters): Promise<(string | { line: number; problem: string })[]> {
  const found = [];
  for await (const line of letters.read()) found.push('record' in line ? line.record.id : line);
  return found;
}

interface InTheWay {
  readonly put: () => Promise<unknown>;
  readonly remove?: () => Promise<unknown>;
  readonly code: string;
  /** Text that follows the name of the file in the message. */
  readonly text: string;
}

const IN_THE_WAY: Readonly<Record<string, InTheWay>> = {
  'a FIFO': {
    put: async () => execFileSync('mkfifo', [file]),
    code: 'dead_letters.not_a_file',
    text: 'is a FIFO, not a regular file; move it away: Belfry creates a new file',
  },
  'a directory': {
    put: () => mkdir(file),
    remove: () => rmdir(file),
    code: 'dead_letters.not_a_file',
    text: 'is a directory, not a regular file; move it away: Belfry creates a new file',
  },
  'a symbolic link to itself': {
    put: () => symlink(file, file),
    code: 'dead_letters.unusable',
    text: 'cannot be used: its symbolic links form a loop (ELOOP); let the user that runs belfry read and write it, or move it away: Belfry creates a new file',
  },
};

describe.each(Object.entries(IN_THE_WAY))('%s in place of the dead-letter file', (_, { put, remove, code, text }) => {
  test('is named at the start, with what to do', async () => {
    await put();
    await expect(open()).rejects.toMatchObject({ code, exit: 78, message: `the dead-letter file ${file} ${text}` });
  });

  test('is reported while the daemon runs, and records are written again when it is gone', async () => {
    const letters = await open();
    await put();
    await letters.check();
    expect(letters.fault).toContain(`${file} ${text}`);
    await expect(letters.append(sampleDeadLetter('a'))).rejects.toMatchObject({ code: 'dead_letters.unwritable' });
    await expect(read(letters)).rejects.toMatchObject({ code });
    await expect(letters.change(new Map([['a', null]]))).rejects.toMatchObject({ code });
    await (remove ?? (() => rm(file)))();
    await letters.check();
    await letters.append(sampleDeadLetter('a'));
    expect(letters.fault).toBeUndefined();
    expect(await read(letters)).toEqual(['a']);
  });
});

test('a symbolic link into a missing folder is reported by the append, and the delivery stays pending', async () => {
  await symlink(path.join(folder, 'missing', 'letters.jsonl'), file);
  const letters = await open();
  await expect(letters.append(sampleDeadLetter('a'))).rejects.toMatchObject({ code: 'dead_letters.unwritable' });
  expect(letters.fault).toContain(`${file} cannot be used: nothing can be created there (ENOENT)`);
  await mkdir(path.join(folder, 'missing'));
  await letters.append(sampleDeadLetter('a'));
  expect(await read(letters)).toEqual(['a']);
});

test('appends and rewrites follow a symbolic link, and the log names it', async () => {
  const target = path.join(folder, 'elsewhere', 'letters.jsonl');
  await mkdir(path.dirname(target));
  await symlink(target, file);
  const letters = await open();
  await letters.append(sampleDeadLetter('a'));
  await letters.append(sampleDeadLetter('b'));
  await letters.change(new Map([['a', null]]));
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect((await readFile(target, 'utf8')).match(/"id":"[ab]"/g)).toEqual(['"id":"b"']);
  expect(await read(await open())).toEqual(['b']);
  expect(logged.lines.filter((line) => line.includes('symbolic link'))).toHaveLength(1);
});

test('a byte order mark hides no record', async () => {
  await writeFile(file, `\ufeff${JSON.stringify(sampleDeadLetter('a'))}\n${JSON.stringify(sampleDeadLetter('b'))}\n`);
  const letters = await open();
  expect(await read(letters)).toEqual(['a', 'b']);
  await letters.change(new Map([['b', null]]));
  expect(await read(letters)).toEqual(['a']);
  await letters.change(new Map([['a', null]]));
  expect(await read(letters)).toEqual([]);
});

test('CRLF and blank lines hide no record and are not a problem', async () => {
  await writeFile(
    file,
    `${JSON.stringify(sampleDeadLetter('a'))}\r\n\r\n  \n${JSON.stringify(sampleDeadLetter('b'))}\r\n`,
  );
  expect(await read(await open())).toEqual(['a', 'b']);
});

test.each([0o644, 0o666, 0o400])('the mode %o is reset at the start, by a check and by a write', async (mode) => {
  const modeOf = async (): Promise<number> => (await stat(file)).mode & 0o777;
  await writeFile(file, '');
  await chmod(file, mode);
  const letters = await open();
  expect(await modeOf()).toBe(0o600);
  await chmod(file, mode);
  await letters.check();
  expect(await modeOf()).toBe(0o600);
  await chmod(file, 0o644);
  await letters.append(sampleDeadLetter('a'));
  expect(await modeOf()).toBe(0o600);
  expect(logged.lines.filter((line) => line.includes('its mode is 600 again'))).toHaveLength(3);
});

test('a line of 256 MiB is read in parts: memory stays bounded', async () => {
  const letters = await open();
  await writeFile(file, '');
  await truncate(file, 256 * 1024 * 1024);
  const before = process.resourceUsage().maxRSS;
  expect(await read(letters)).toEqual([{ line: 1, problem: 'it is longer than 16 MiB' }]);
  // KiB: half of the line, and several times what is needed.
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(128 * 1024);
});

describe('a line of 64 MiB', () => {
  const MIB = 1024 * 1024;

  async function write(end: string): Promise<void> {
    const stream = createWriteStream(file);
    stream.write(`${JSON.stringify(sampleDeadLetter('a'))}\n`);
    for (let count = 0; count < 64; count += 1) if (!stream.write(Buffer.alloc(MIB, 0x78))) await once(stream, 'drain');
    stream.end(end);
    await once(stream, 'close');
  }

  test('is reported by number and kept by every change', async () => {
    await write(`\n${JSON.stringify(sampleDeadLetter('b'))}\n`);
    const letters = await open();
    expect(await read(letters)).toEqual(['a', { line: 2, problem: 'it is longer than 16 MiB' }, 'b']);
    await letters.change(new Map([['b', null]]));
    expect((await stat(file)).size).toBe(64 * MIB + 1 + Buffer.byteLength(JSON.stringify(sampleDeadLetter('a'))) + 1);
    expect(await read(letters)).toEqual(['a', { line: 2, problem: 'it is longer than 16 MiB' }]);
  });

  test('without a newline at the end of the file stays, and the next record begins a new line', async () => {
    await write('');
    const letters = await open();
    await letters.append(sampleDeadLetter('b'));
    expect(await read(letters)).toEqual(['a', { line: 2, problem: 'it is longer than 16 MiB' }, 'b']);
  });
});
