import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, open, rename, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { file } from '../../../daemon/channels/local/file.ts';
import type { Notifier } from '../../../daemon/channels/channel.ts';
import {
  channelTools,
  failureOfSending,
  sampleDelivery,
  sampleEvent,
  sampleIo,
  sampleMessage,
} from '../../support/delivery.ts';
import { hasFullDevice } from '../../support/small-disk.ts';
import { decodeSettings } from '../../support/channel-settings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { textOf, linesOf } from './file.contract.ts';

const channelOf = (settings: object): Notifier => file.open(decodeSettings(file, settings), channelTools());

test('a line is the message as JSON, in a file that only its owner reads', async () => {
  const folder = await temporaryFolder();
  const target = path.join(folder, 'deep', 'er', 'out.jsonl');
  const receipt = await channelOf({ path: target }).send(sampleMessage({ body: 'two\nlines' }), sampleIo());
  const [line] = await linesOf(target);
  expect(JSON.parse(line!)).toMatchObject({
    id: sampleDelivery().id,
    time: '2026-11-23T09:00:00.000Z',
    rule: 'failed-deploy',
    title: 'Deploy failed: acme/api',
    body: 'two\nlines',
    event: { id: 'e-1' },
  });
  expect((await stat(target)).mode & 0o777).toBe(0o600);
  expect(receipt).toEqual({ answer: `${Buffer.byteLength(line!) + 1} bytes appended` });
});

test('as text a message is one line that can be read back', async () => {
  const folder = await temporaryFolder();
  const target = path.join(folder, 'out.log');
  const channel = channelOf({ path: target, format: 'text' });
  await channel.send(
    sampleMessage({ body: 'C:\\new\nline \u0007', priority: 'high', fields: { host: 'a' } }),
    sampleIo(),
  );
  expect(await textOf(target)).toBe(
    String.raw`2026-11-23T09:00:00.000Z [high] Deploy failed: acme/api: C:\\new\nline\n\nhost: a` + '\n',
  );
});

test('each of many simultaneous messages is one line, and the file may be rotated meanwhile', async () => {
  const folder = await temporaryFolder();
  const target = path.join(folder, 'out.jsonl');
  const channel = channelOf({ path: target });
  await Promise.all(
    Array.from({ length: 50 }, () => channel.send(sampleMessage({ body: 'x'.repeat(5000) }), sampleIo())),
  );
  await rename(target, `${target}.1`);
  await channel.send(sampleMessage(), sampleIo());
  const lines = await linesOf(`${target}.1`);
  expect(lines.map((line) => (JSON.parse(line) as { body: string }).body.length)).toEqual(Array(50).fill(5000));
  expect(await linesOf(target)).toHaveLength(1);
});

test('an incomplete line after a crash is not joined to the next one', async () => {
  const folder = await temporaryFolder();
  const target = path.join(folder, 'out.jsonl');
  await writeFile(target, '{"id":"cut sh');
  await channelOf({ path: target }).send(sampleMessage(), sampleIo());
  const lines = await linesOf(target);
  expect(lines[0]).toBe('{"id":"cut sh');
  expect(JSON.parse(lines[1]!)).toMatchObject({ rule: 'failed-deploy' });
});

test('a path may be a template, and an event cannot lead it out of its folder', async () => {
  const folder = await temporaryFolder();
  const channel = channelOf({ path: path.join(folder, '{{ data.a }}', '{{ data.b }}.jsonl') });
  const event = (a: string, b: string) =>
    sampleIo({ delivery: sampleDelivery({ event: sampleEvent({ data: { a, b } }) }) });
  await channel.send(sampleMessage(), event('acme', 'api'));
  await channel.send(sampleMessage(), event('..', '../../etc/passwd'));
  expect(existsSync(path.join(folder, 'acme', 'api.jsonl'))).toBe(true);
  expect(existsSync(path.join(folder, '_', '__.._etc_passwd.jsonl'))).toBe(true);
});

test('a full disk is transient', async (context) => {
  if (!hasFullDevice) return context.skip('this system has no /dev/full');
  const failed = await failureOfSending(channelOf({ path: '/dev/full' }), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'transient', code: 'file.enospc' });
});

test('a pipe without a reader does not block the daemon', async (context) => {
  const folder = await temporaryFolder();
  const pipe = path.join(folder, 'pipe');
  const made = await promisify(execFile)('mkfifo', [pipe]).catch(() => undefined);
  if (made === undefined) return context.skip('mkfifo (Debian package coreutils) is missing');
  const failed = await failureOfSending(channelOf({ path: pipe }), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'permanent', code: 'file.not_a_file' });
});

test('an obstacle is reported with what to do', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'plain'), '');
  await symlink('round', path.join(folder, 'round'));
  const failureAt = (name: string) =>
    failureOfSending(channelOf({ path: path.join(folder, name) }), sampleMessage(), sampleIo());
  expect(await failureAt('plain/out')).toMatchObject({ class: 'permanent', detail: { misconfigured: true } });
  expect(await failureAt('round')).toMatchObject({ class: 'permanent', code: 'file.eloop' });
  const failed = await failureAt('x'.repeat(300));
  expect(failed).toMatchObject({ class: 'permanent', code: 'file.enametoolong' });
  expect(failed.message).not.toContain(folder);
});

test('a folder that vanished while it was in use is reported at once, and tried again later', async (context) => {
  if (!existsSync('/proc/self/fd')) return context.skip('this system has no /proc/self/fd');
  const mount = path.join(await temporaryFolder(), 'mount');
  await mkdir(mount);
  const handle = await open(mount);
  await rmdir(mount);
  for (const name of ['out.jsonl', 'deep/er/out.jsonl']) {
    const channel = channelOf({ path: `/proc/self/fd/${handle.fd}/${name}` });
    const failed = await failureOfSending(channel, sampleMessage(), sampleIo());
    expect(failed).toMatchObject({ class: 'transient', code: 'file.enoent' });
    expect(failed.message).toContain('vanished');
  }
  await handle.close();
});

test('a folder without permission is reported as such', async (context) => {
  if (userInfo().uid === 0) return context.skip('root may write everywhere');
  const folder = await temporaryFolder();
  await chmod(folder, 0o500);
  const failed = await failureOfSending(channelOf({ path: path.join(folder, 'out') }), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'permanent', code: 'file.eacces', detail: { misconfigured: true } });
});

test('lines that other programs append meanwhile stay whole', async () => {
  const folder = await temporaryFolder();
  const target = path.join(folder, 'out.jsonl');
  const channel = channelOf({ path: target });
  await channel.send(sampleMessage(), sampleIo());
  await appendFile(target, 'by hand\n');
  await channel.send(sampleMessage(), sampleIo());
  expect((await linesOf(target))[1]).toBe('by hand');
});
