import { appendFile, chmod, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AuditLog } from '../../../../daemon/app/identity/audit/audit-log.ts';
import { AUDIT_FILE, MAX_AUDIT_FILE_BYTES, MAX_AUDIT_FILES } from '../../../../daemon/app/identity/audit/files.ts';
import { auditChain, auditPage } from '../../../../daemon/app/identity/audit/read.ts';
import type { AuditEntry, AuditLine } from '../../../../daemon/core/audit/entry.ts';
import { Scrubber } from '../../../../daemon/lib/secrets/scrubber.ts';
import { sha256 } from '../../../../daemon/lib/sha256.ts';
import { memoryLog } from '../../../support/delivery.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const ACK: AuditEntry = {
  actor: 'ann',
  via: 'token',
  address: '192.0.2.1',
  action: 'alert.ack',
  target: 'disk',
  result: 'done',
};

async function opened(state?: string) {
  const folder = state ?? (await temporaryFolder());
  const scrubber = new Scrubber();
  const clock = new VirtualClock();
  const { log, lines: logged } = memoryLog();
  const audit = new AuditLog({ state: folder, scrubber, clock, log });
  onTestFinished(() => audit.close());
  const file = path.join(folder, AUDIT_FILE);
  const lines = async (): Promise<readonly AuditLine[]> =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as AuditLine);
  return { folder, file, scrubber, clock, logged, audit, lines };
}

test('an action is on disk when its record resolves, in a file that only its owner can read', async () => {
  const { audit, file, lines } = await opened();
  await audit.record(ACK);
  expect(await lines()).toEqual([{ seq: 1, at: expect.stringMatching(/Z$/), ...ACK, prev: sha256('') }]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('each line has the hash of the one before it, also over a restart and for actions at once', async () => {
  const { audit, folder, file, lines } = await opened();
  await Promise.all(Array.from({ length: 450 }, (_, index) => audit.record({ ...ACK, target: `t${index}` })));
  await audit.close();
  const next = await opened(folder);
  await next.audit.record({ ...ACK, target: 'after' });
  const texts = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  const parsed = await lines();
  expect(parsed.map(({ seq }) => seq)).toEqual(Array.from({ length: 451 }, (_, index) => index + 1));
  expect(parsed.map(({ target }) => target)).toEqual([
    ...Array.from({ length: 450 }, (_, index) => `t${index}`),
    'after',
  ]);
  expect(parsed.slice(1).map(({ prev }) => prev)).toEqual(texts.slice(0, -1).map(sha256));
  expect(await auditChain(folder)).toEqual({ lines: 451, ok: true });
});

test('secrets are masked, and a long line is cut', async () => {
  const { audit, scrubber, file, lines } = await opened();
  scrubber.add('hunter2-hunter2');
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`field${index}`, 'y'.repeat(1000)]));
  await audit.record({ ...ACK, target: 'x'.repeat(100_000), details: { note: 'it was hunter2-hunter2' } });
  await audit.record({ ...ACK, details: many });
  const text = await readFile(file, 'utf8');
  expect(text).not.toContain('hunter2');
  expect(text.length).toBeLessThan(20_000);
  expect((await lines())[1]!.details).toEqual({ cut: true });
});

test.each<[string, (texts: string[]) => string[], object]>([
  [
    'a changed line',
    (texts) => texts.map((text, index) => (index === 1 ? text.replace('ann', 'bob') : text)),
    { line: 3, message: 'the line before it was changed' },
  ],
  ['a removed line', (texts) => texts.toSpliced(1, 1), { line: 2, message: 'the lines 2 to 2 are missing' }],
  [
    'removed first lines',
    (texts) => texts.slice(2),
    { line: 1, message: 'the lines 1 to 2 are missing, and no line says why' },
  ],
  [
    'a repeated line',
    (texts) => [texts[0]!, ...texts],
    { line: 2, message: expect.stringContaining('moved or repeated') },
  ],
  [
    'a line of another program',
    (texts) => texts.toSpliced(2, 0, 'hello'),
    { line: 3, message: 'it is no line of the audit log' },
  ],
])('the first break of the chain is named: %s', async (_, edit, broken) => {
  const { audit, folder, file } = await opened();
  for (const target of ['a', 'b', 'c', 'd']) await audit.record({ ...ACK, target });
  await audit.close();
  const texts = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  await writeFile(file, `${edit(texts).join('\n')}\n`);
  expect(await auditChain(folder)).toMatchObject({ ok: false, broken: { file: AUDIT_FILE, ...broken } });
});

test('an incomplete last line, which a crash has left, is removed, and a line says so', async () => {
  const { audit, folder, file } = await opened();
  await audit.record(ACK);
  await audit.close();
  await appendFile(file, '{"seq":2,"at":"2026');
  const next = await opened(folder);
  await next.audit.record({ ...ACK, target: 'next' });
  expect((await next.lines()).map(({ seq, action, target }) => [seq, action, target])).toEqual([
    [1, 'alert.ack', 'disk'],
    [2, 'audit.torn', '19'],
    [3, 'alert.ack', 'next'],
  ]);
  expect(await auditChain(folder)).toEqual({ lines: 3, ok: true });
});

test('a file that another program removed is begun anew, and the missing lines are seen', async () => {
  const { audit, folder, file, lines } = await opened();
  await audit.record(ACK);
  await rm(file);
  await audit.record({ ...ACK, target: 'second' });
  expect((await lines()).map(({ seq, target }) => [seq, target])).toEqual([[2, 'second']]);
  expect(await auditChain(folder)).toMatchObject({
    ok: false,
    broken: { message: 'the lines 1 to 1 are missing, and no line says why' },
  });
});

test('while the file cannot be written actions go on, are shown in the log, and get their lines later', async () => {
  const { audit, folder, file, lines, logged } = await opened();
  await audit.record(ACK);
  await rename(file, `${file}.away`);
  await mkdir(file);
  await audit.record({ ...ACK, target: 'during' });
  await audit.check();
  expect(audit.fault).toContain('the audit log cannot be written');
  const shown = logged.filter((line) => line.includes('not in the audit log'));
  expect(shown).toHaveLength(1);
  expect(shown[0]).toContain('"target":"during"');
  await rm(file, { recursive: true });
  await rename(`${file}.away`, file);
  await audit.check();
  expect(audit.fault).toBeUndefined();
  expect((await lines()).map(({ target }) => target)).toEqual(['disk', 'during']);
  expect(await auditChain(folder)).toEqual({ lines: 2, ok: true });
});

test('lines that do not fit into memory meanwhile are counted', async () => {
  const { audit, folder, file, lines } = await opened();
  await mkdir(file);
  for (let count = 0; count < 1003; count += 1) await audit.record({ ...ACK, target: `t${count}` });
  await rm(file, { recursive: true });
  await audit.check();
  const all = await lines();
  expect(all).toHaveLength(1001);
  expect(all.filter(({ action }) => action === 'audit.lost').map(({ target }) => target)).toEqual(['3']);
  expect(await auditChain(folder)).toEqual({ lines: 1001, ok: true });
});

test('full files are renamed; of the oldest, which is deleted, a line says what it had', async () => {
  const { audit, folder } = await opened();
  const big = {
    ...ACK,
    details: Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`f${index}`, 'z'.repeat(1000)])),
  };
  const perFile = Math.ceil(MAX_AUDIT_FILE_BYTES / 7000);
  for (let count = 0; count < (MAX_AUDIT_FILES + 1) * perFile; count += 400)
    await Promise.all(Array.from({ length: 400 }, () => audit.record(big)));
  await audit.close();
  const names = (await readdir(folder)).filter((name) => name.startsWith(AUDIT_FILE)).toSorted();
  expect(names).toHaveLength(MAX_AUDIT_FILES);
  const { entries } = await auditPage(folder, { limit: 10, action: 'audit.rotated' });
  const firstKept = Number(names[1]!.slice(-12));
  expect(entries[0]).toMatchObject({ actor: 'daemon', details: { to: firstKept - 1 } });
  expect((await auditChain(folder)).broken).toBeUndefined();
  await rm(path.join(folder, names[1]!));
  expect((await auditChain(folder)).broken?.message).toContain('are missing');
}, 60_000);

test('pages are the newest first, over several files, and filters find people and tokens in a name', async () => {
  const { audit, folder, file } = await opened();
  await audit.record({ ...ACK, actor: 'ann' });
  await audit.record({ ...ACK, actor: 'ann (token phone)', action: 'alert.resolve' });
  await audit.close();
  await rename(file, `${file}.000000000001`);
  const next = await opened(folder);
  await next.clock.advance(3_600_000);
  await next.audit.record({ ...ACK, actor: 'phone' });
  await next.audit.record({ ...ACK, actor: 'annabel' });
  const seqs = async (query: object) =>
    (await auditPage(folder, { limit: 10, ...query })).entries.map(({ seq }) => seq);
  expect(await seqs({})).toEqual([4, 3, 2, 1]);
  expect(await seqs({ actor: 'ann' })).toEqual([2, 1]);
  expect(await seqs({ actor: 'phone' })).toEqual([3, 2]);
  expect(await seqs({ action: 'alert.resolve' })).toEqual([2]);
  expect(await seqs({ since: next.clock.now() })).toEqual([4, 3]);
  expect(await seqs({ until: next.clock.now() })).toEqual([2, 1]);
  expect(await auditPage(folder, { limit: 3 })).toMatchObject({ next: 2 });
  expect(await auditPage(folder, { limit: 3, before: 2 })).toMatchObject({ entries: [{ seq: 1 }] });
  expect((await auditPage(folder, { limit: 4 })).next).toBeUndefined();
});

test('another mode of the file is set back', async () => {
  const { audit, folder, file } = await opened();
  await audit.record(ACK);
  await audit.close();
  await chmod(file, 0o644);
  await (await opened(folder)).audit.record(ACK);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('no cut of the file makes a later line unreadable, or hides that lines are missing', async () => {
  const { audit, folder, file } = await opened();
  for (const target of ['a', 'b', 'c']) await audit.record({ ...ACK, target });
  await audit.close();
  const whole = await readFile(file);
  for (let size = 0; size < whole.length; size += 37) {
    await writeFile(file, whole);
    await truncate(file, size);
    const next = await opened(folder);
    await next.audit.record({ ...ACK, target: 'next' });
    await next.audit.close();
    const all = await next.lines();
    expect([size, all.at(-1)?.target]).toEqual([size, 'next']);
    expect([size, (await auditChain(folder)).ok]).toEqual([size, true]);
  }
});

test('no file is made in a folder that took the place of the state directory', async () => {
  const state = path.join(await temporaryFolder(), 'state');
  await mkdir(state);
  const { audit, logged } = await opened(state);
  await audit.record(ACK);
  await rename(state, `${state}.aside`);
  await mkdir(state);
  await audit.record(ACK);
  expect(audit.fault).toContain('the state directory was replaced by another folder');
  expect(await readdir(state)).toEqual([]);
  expect(logged.join('\n')).toContain('is not in the audit log');
  await rm(state, { recursive: true });
  await rename(`${state}.aside`, state);
  await audit.check();
  expect(audit.fault).toBeUndefined();
});
