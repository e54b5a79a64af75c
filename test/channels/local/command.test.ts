import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../../../daemon/channels/local/command.ts';
import { type ChannelTools, type Notifier, SETTLE_MS } from '../../../daemon/channels/channel.ts';
import type { Receipt } from '../../../daemon/core/delivery/delivery.ts';
import { ExchangeMask } from '../../../daemon/channels/kit/http/exchange/mask.ts';
import { sendOnce } from '../../../daemon/delivery/lane/attempt.ts';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import {
  asStored,
  channelTools,
  failureOfSending,
  memoryLog,
  sampleDelivery,
  sampleEvent,
  sampleIo,
  sampleMessage,
} from '../../support/delivery.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { env, sh, linesOf, linesIn } from './command.contract.ts';

const channelOf = (settings: object, tools: Partial<ChannelTools> = {}): Notifier =>
  command.open(decodeSettings(command, settings), channelTools({ env, clock: systemClock, ...tools }));

test('the message comes as JSON on standard input and in the environment', async () => {
  const folder = await temporaryFolder();
  const channel = channelOf({
    ...sh('cat > stdin; env > env; echo " page 4711 "; echo more'),
    cwd: folder,
    env: { PAGER: 'x' },
  });
  const message = sampleMessage({ tags: ['a', 'b'], link: 'https://example.com', body: 'two\nlines\0' });
  expect(await channel.send(message, sampleIo({ attempt: 3 }))).toEqual({ status: 0, answer: 'page 4711' });
  expect(JSON.parse(await readFile(path.join(folder, 'stdin'), 'utf8'))).toMatchObject({
    id: sampleDelivery().id,
    attempt: 3,
    rule: 'failed-deploy',
    title: 'Deploy failed: acme/api',
    tags: ['a', 'b'],
    event: { id: 'e-1', data: { branch: 'main' } },
  });
  const variables = await readFile(path.join(folder, 'env'), 'utf8');
  expect(variables).toContain('BELFRY_TITLE=Deploy failed: acme/api\n');
  expect(variables).toContain('BELFRY_BODY=two\nlines\n');
  expect(variables).toContain(`BELFRY_DELIVERY_ID=${sampleDelivery().id}\n`);
  expect(variables).toContain('BELFRY_EVENT_ID=e-1\n');
  expect(variables).toContain('BELFRY_RULE=failed-deploy\n');
  expect(variables).toContain('BELFRY_HOPS=1\n');
  expect(variables).toContain('HOME=/home/of-the-daemon\n');
  expect(variables).toContain('PAGER=x\n');
  expect(variables).not.toContain('must-not-be-inherited');
});

test('arguments are templates, and no shell reads them', async () => {
  const channel = channelOf({ run: ['printf', '%s|', '{{ data.name }}', '$HOME', '{{ title }}'] });
  const delivery = sampleDelivery({ event: sampleEvent({ data: { name: '"; touch /tmp/x; $(id) \0*' } }) });
  const receipt = (await channel.send(sampleMessage(), sampleIo({ delivery }))) as Receipt;
  expect(receipt.answer).toBe('"; touch /tmp/x; $(id) *|$HOME|Deploy failed: acme/api|');
});

test.each([
  [1, 'permanent', undefined],
  [64, 'permanent', true],
  [69, 'transient', undefined],
  [75, 'transient', undefined],
  [77, 'permanent', true],
  [78, 'permanent', true],
  [127, 'permanent', true],
  [255, 'permanent', undefined],
])('exit code %i is %s', async (exit, failureClass, misconfigured) => {
  const failed = await failureOfSending(channelOf(sh(`echo because >&2; exit ${exit}`)), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: failureClass, code: `command.exit_${exit}` });
  expect(failed.detail).toMatchObject({ status: exit, body: 'because\n' });
  expect(failed.detail.misconfigured).toBe(misconfigured);
});

test('a program that is killed may have done its work', async () => {
  const failed = await failureOfSending(channelOf(sh('kill -9 $$')), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'unknown', code: 'command.killed' });
});

test('a program need not read its input', async () => {
  const message = sampleMessage({ body: 'x'.repeat(1_000_000) });
  expect(await channelOf({ run: ['true'] }).send(message, sampleIo())).toEqual({ status: 0 });
});

test('4 KiB of its output are kept, and the rest does not block it', async () => {
  const channel = channelOf(sh('head -c 3000000 /dev/zero | tr "\\0" x >&2; exit 9'));
  const failed = await failureOfSending(channel, sampleMessage(), sampleIo());
  expect(failed.code).toBe('command.exit_9');
  expect(failed.detail.body).toHaveLength(4096);
});

test('the deadline ends the program and all processes that it has started', async () => {
  const folder = await temporaryFolder();
  const pids = path.join(folder, 'pids');
  const script = 'trap "" TERM; sleep 60 & echo $! >> "$0"; echo $$ >> "$0"; while :; do wait; done';
  let kill: (() => void) | undefined;
  const deadline = new AbortController();
  const channel = channelOf(
    { run: ['sh', '-c', script, pids] },
    { clock: { ...systemClock, after: (_, fire) => ((kill = fire), () => {}) } },
  );
  const sending = failureOfSending(channel, sampleMessage(), sampleIo({ signal: deadline.signal }));
  await linesIn(pids, 2);
  deadline.abort();
  kill!();
  expect(await sending).toMatchObject({ class: 'unknown', code: 'command.timeout' });
  // The kernel ends them one after another.
  for (const pid of await linesOf(pids)) await expect.poll(() => isRunning(pid)).toBe(false);
});

test('a program that ignores SIGTERM is killed, and the failure says so', async () => {
  const started = path.join(await temporaryFolder(), 'started');
  const clock = new VirtualClock();
  const script = 'trap "" TERM; echo $$ >> "$0"; while :; do sleep 0.1; done';
  const attempted = sendOnce(channelOf({ run: ['sh', '-c', script, started] }, { clock }), sampleDelivery(), 30_000, {
    killed: new AbortController().signal,
    clock,
    scrubber: new Scrubber(),
    outgoing: asStored,
    log: memoryLog().log,
    mask: new ExchangeMask({}),
  });
  await linesIn(started, 1);
  await clock.advance(30_000);
  await clock.advance(SETTLE_MS - 1);
  expect((await attempted).outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'unknown', code: 'command.timeout', message: expect.stringContaining('was killed') },
  });
  const [pid] = await linesOf(started);
  await expect.poll(() => isRunning(pid!)).toBe(false);
});

/** A zombie without a wait() does not run any more. */
async function isRunning(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/\) [ZX] /.test(status);
}

test('a process in the background does not delay the delivery', async () => {
  const folder = await temporaryFolder();
  const fifo = path.join(folder, 'pid');
  const channel = channelOf(sh('sleep 60 & echo $! > "$1"; echo done', fifo));
  expect(await channel.send(sampleMessage(), sampleIo())).toEqual({ status: 0, answer: 'done' });
  process.kill(Number(await readFile(fifo, 'utf8')));
});

test('a program that cannot be started is reported with what to do', async () => {
  const folder = await temporaryFolder();
  const script = path.join(folder, 'no-permission');
  await writeFile(script, '#!/bin/sh\n', { mode: 0o644 });
  const of = (settings: object) => failureOfSending(channelOf(settings), sampleMessage(), sampleIo());
  expect(await of({ run: [script] })).toMatchObject({
    class: 'permanent',
    code: 'command.eacces',
    detail: { misconfigured: true },
  });
  const absent = await of({ run: ['no-such-program-here'] });
  expect(absent).toMatchObject({ class: 'permanent', code: 'command.enoent', detail: { misconfigured: true } });
  expect(absent.message).toContain('full path');
  expect(await of({ run: ['true'], cwd: path.join(folder, 'nowhere') })).toMatchObject({ code: 'command.enoent' });
  expect(await of({ run: ['true', 'x'.repeat(3_000_000)] })).toMatchObject({
    class: 'permanent',
    code: 'command.e2big',
  });
});

test('a value that is too long for an argument or a variable is cut with a mark', async () => {
  const script = 'printf "%s\\n%s" "$1" "$BELFRY_BODY" | sed "s/^x*//"';
  const run = ['sh', '-c', script, 'sh', '{{ body }}'];
  const receipt = await channelOf({ run }).send(sampleMessage({ body: 'x'.repeat(200_000) }), sampleIo());
  expect(receipt).toMatchObject({ answer: expect.stringMatching(/^… \(\+\d+ bytes\)$/) });
});

test('a program with a failed template is not run', async () => {
  const failed = await failureOfSending(channelOf({ run: ['echo', '{{ no.such }}'] }), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'permanent', code: 'command.template' });
});

test('settings that cannot work are found when they are loaded', () => {
  expect(readSettings(command, { run: [] }).problems).toHaveLength(1);
  expect(readSettings(command, { run: ['true'], env: { 'A B': 'x' } }).problems).toHaveLength(1);
  expect(readSettings(command, { run: ['true'], env: { A: 'x\0y' } }).problems[0]).toContain('NUL');
});

test.each(['alice,bob', 'alice\nbob'])(
  'a recipient that would look like two in BELFRY_TO, %j, is refused',
  async (to) => {
    const failed = await failureOfSending(channelOf(sh('exit 0')), sampleMessage({ to: ['carol', to] }), sampleIo());
    expect(failed).toMatchObject({ class: 'permanent', code: 'command.bad_recipient' });
  },
);
