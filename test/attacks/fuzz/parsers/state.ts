import assert from 'node:assert/strict';
import { open, rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { parseAuditLine } from '../../../../daemon/app/identity/audit/files.ts';
import { readRecord } from '../../../../daemon/app/state/daemon-record.ts';
import { readBackup } from '../../../../daemon/app/backup/read.ts';
import { BelfryError } from '../../../../daemon/core/problems/failure.ts';
import {
  isComplete,
  parsedLines,
  parseLine,
  rewrittenBlocks,
} from '../../../../daemon/delivery/dead-letters/records.ts';
import { encodeHeader } from '../../../../daemon/lib/files/tar/header.ts';
import { readTar, TarError } from '../../../../daemon/lib/files/tar/read.ts';
import { decodeRecord } from '../../../../daemon/sources/lines/record.ts';
import { json, mutated, near } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const LETTER = JSON.stringify({
  id: '019aaf2e-1c00-7000-8000-000000000001',
  event: 'e1',
  rule: 'r',
  key: '',
  channel: 'ops',
  channel_type: 'webhook',
  message: {
    title: 't',
    body: 'b',
    format: 'text',
    priority: 'high',
    tags: ['x'],
    actions: [{ label: 'Open', url: 'https://x.example' }],
  },
  created_at: '2026-11-23T08:00:00.000Z',
  died_at: '2026-11-23T09:00:00.000Z',
  attempts: [{ at: '2026-11-23T08:00:00.000Z', ms: 5, error: { class: 'permanent', code: 'http.400', message: 'm' } }],
});
const WORDS = [
  '{',
  '}',
  '"id"',
  ':',
  '"x"',
  ',',
  '"message"',
  '"title"',
  '"channel"',
  '"attempts"',
  '[',
  ']',
  'null',
  '1',
  '"__proto__"',
];
const letter = fc.oneof(
  { weight: 4, arbitrary: near(WORDS, [LETTER]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('message', 'attempts', 'id', 'channel', 'priority', '__proto__'), json)
      .map(([name, value]) => LETTER.replace(/^\{/, `{${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'},`)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('title', 'tags', 'ttl', 'fields', 'to', 'actions'), json)
      .map(([name, value]) =>
        JSON.stringify({ ...(JSON.parse(LETTER) as object), message: { title: 't', body: 'b', [name]: value } }),
      ),
  },
);

/** A line is a record that a resend can use, or has one problem. */
export const deadLetterLine = (parse: typeof parseLine) =>
  fuzzed({
    name: 'dead-letter-line',
    generate: letter,
    run: (text) => ({ ...parse(text), whole: isComplete(Buffer.from(text)) }),
    check({ record, problem, whole }) {
      assert.ok((record === undefined) !== (problem === undefined || problem === ''), 'neither a record nor a problem');
      if (record === undefined) return;
      assert.ok(whole, 'a line that is not whole is read');
      assert.ok(Array.isArray(record.attempts) && Array.isArray(record.message.tags));
      assert.equal(typeof record.id, 'string');
      assert.deepEqual(parse(JSON.stringify(record)).record, JSON.parse(JSON.stringify(record)));
    },
  });

const folder = mkdtempSync(path.join(tmpdir(), 'belfry-fuzz-'));
process.on('exit', () => void rm(folder, { recursive: true, force: true }).catch(() => undefined));

/** Writes bytes, given in Latin-1, to a file, and opens it. */
async function withFile<T>(
  bytes: string,
  use: (handle: Awaited<ReturnType<typeof open>>, file: string) => Promise<T>,
): Promise<T> {
  const file = path.join(folder, 'input');
  await writeFile(file, Buffer.from(bytes, 'latin1'));
  const handle = await open(file);
  try {
    return await use(handle, file);
  } finally {
    await handle.close();
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** An archive with these members. */
function archive(members: readonly (readonly string[])[]): string {
  const blocks = members.flatMap(([name = '', content = '', type = '0']) => {
    const bytes = Buffer.from(content, 'latin1');
    return [
      encodeHeader({ name, size: bytes.length, type }, 0),
      bytes,
      Buffer.alloc((512 - (bytes.length % 512)) % 512),
    ];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]).toString('latin1');
}

const HEAD = JSON.stringify({
  format: 'belfry-backup',
  version: 1,
  belfry: '0.1.0',
  made_at: '2026-11-23T08:00:00Z',
  state: '/s',
});
const ARCHIVES = [
  archive([
    ['belfry-backup.json', HEAD],
    ['belfry.db', 'SQLite'],
    ['dead-letters.jsonl', LETTER],
    ['manifest.json', '{"schema":1,"members":[]}'],
  ]),
  archive([
    ['x', '20 path=long/name/x\n', 'x'],
    ['y', 'content'],
  ]),
];
const member = fc.tuple(
  fc.constantFrom(
    'belfry-backup.json',
    'manifest.json',
    'belfry.db',
    '../../etc/passwd',
    '/abs',
    'dead-letters.jsonl',
    '',
  ),
  fc.oneof(fc.constant(HEAD), mutated(['20 path=../../x y z\n', '-5 path=x\n', '1e9 path=x\n'])),
  fc.constantFrom('0', 'x', '2', '5', ''),
);
const tar = fc.oneof(mutated(ARCHIVES, 3), fc.array(member, { maxLength: 4 }).map(archive));

export const state = [
  deadLetterLine(parseLine),
  fuzzed({
    name: 'dead-letter-file',
    share: 0.3,
    generate: fc
      .array(fc.oneof(letter, fc.constant(LETTER)), { maxLength: 6 })
      .map((lines) => Buffer.from(lines.join('\n')).toString('latin1')),
    run: (bytes) =>
      withFile(bytes, async (handle) => ({
        lines: await collect(parsedLines(handle)),
        kept: Buffer.concat(
          await collect(
            rewrittenBlocks(
              handle,
              () => undefined,
              () => undefined,
            ),
          ),
        ),
      })),
    check({ lines, kept }, bytes) {
      for (const { record, problem } of lines) assert.ok((record === undefined) !== (problem === undefined));
      // A change of other lines keeps each byte of a line, also of one that is not a record.
      const whole = Buffer.from(bytes, 'latin1');
      assert.ok(
        kept.equals(bytes === '' || bytes.endsWith('\n') ? whole : Buffer.concat([whole, Buffer.from('\n')])),
        'a line was changed',
      );
    },
  }),
  fuzzed({
    name: 'audit-line',
    generate: fc.oneof(
      near(WORDS, [
        '{"seq":1,"at":"2026-11-23T08:00:00Z","actor":"a","via":"api","action":"ack","result":"ok","prev":"x"}',
      ]),
      json.map((value) => JSON.stringify(value)),
    ),
    run: parseAuditLine,
    check: (line) => assert.ok(line === undefined || Number.isSafeInteger(line.seq)),
  }),
  fuzzed({
    name: 'line-checkpoint',
    generate: fc.oneof(
      near(WORDS, [
        '{"path":"/l","folder":"/","ino":"1","since":1,"life":"x","birth":"","offset":5,"number":1,"head":"","last":""}',
      ]),
      json.map((value) => JSON.stringify(value)),
    ),
    run: decodeRecord,
    check: (record) =>
      assert.ok(record === undefined || (typeof record.path === 'string' && typeof record.offset === 'number')),
  }),
  fuzzed({
    name: 'daemon-record',
    share: 0.3,
    generate: near(WORDS, ['{"pid":1,"config":"/c","state":"/s","socket":"/s/x.sock","listen":"http://127.0.0.1:1"}']),
    run: (text) => withFile(text.replace(/[^\0-\xFF]/g, '?'), (_, file) => readRecord(file)),
    check: (record) => assert.ok(record === undefined || typeof record.socket === 'string'),
  }),
  fuzzed({
    name: 'tar',
    share: 0.5,
    generate: tar,
    run: async (bytes) => {
      const buffer = Buffer.from(bytes, 'latin1');
      const source = async function* (): AsyncGenerator<Buffer> {
        for (let at = 0; at < buffer.length; at += 700) yield await Promise.resolve(buffer.subarray(at, at + 700));
      };
      return await collect(readTar(source()));
    },
    refuses: (error) => error instanceof TarError,
    check(parts, bytes) {
      const read = parts.reduce((sum, part) => sum + (part.kind === 'content' ? part.bytes.length : 0), 0);
      assert.ok(read <= bytes.length, 'more was read than there is');
    },
  }),
  fuzzed({
    name: 'backup',
    share: 0.2,
    generate: tar,
    run: (bytes) => withFile(bytes, (handle) => readBackup(handle, 'x.tar')),
    refuses: (error) => error instanceof BelfryError && /^backup\.(?:torn|damaged|foreign|newer)$/.test(error.code),
  }),
];
