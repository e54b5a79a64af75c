import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { files } from '../../daemon/sources/files/files.ts';
import { lines } from '../../daemon/sources/lines/lines.ts';
import { schedule } from '../../daemon/sources/schedule.ts';
import type { RunningSource, SourceType } from '../../daemon/sources/source.ts';
import { webhook } from '../../daemon/sources/webhook/webhook.ts';
import { MINUTE, startHeartbeat } from '../support/heartbeat.ts';
import { ask, openTestListener } from '../support/listener.ts';
import { recordedIo, type RecordedIo, sourceSettings } from '../support/source-io.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

async function started(type: SourceType, written: unknown, io: RecordedIo): Promise<RunningSource> {
  const source = await type.start(sourceSettings(type, written), io);
  onTestFinished(() => source.stop());
  return source;
}

const clockAt = () => new VirtualClock('2026-11-23T09:00:00Z');

test('a heartbeat shows the period and grace of each key, the worst first, and its last pings', async () => {
  const { source, clock, beat } = await startHeartbeat({ every: '10m', grace: '2m', key: '{{ data.host }}' });
  await beat('', { query: 'key=old' });
  await clock.advance(11 * MINUTE);
  await beat('', { query: 'key=good' });
  await beat('/start', { query: 'key=good' });
  await clock.advance(2 * MINUTE);
  await beat('/3', { query: 'key=bad' });
  await beat('', { query: 'key=' });
  const { beats, requests } = source.facts!();
  expect(beats).toMatchObject({ when: '10m', grace: '2m', counts: { down: 2, late: 0, up: 1, new: 0 } });
  expect(beats!.list).toMatchObject([
    { key: 'bad', state: 'down', cause: 'failed', down_since: '2026-11-23T09:13:00.000Z' },
    { key: 'old', state: 'down', cause: 'missed', last_beat_at: '2026-11-23T09:00:00.000Z' },
    {
      key: 'good',
      state: 'up',
      since: '2026-11-23T09:11:00.000Z',
      due_at: '2026-11-23T09:21:00.000Z',
      deadline_at: '2026-11-23T09:23:00.000Z',
      running_since: '2026-11-23T09:11:00.000Z',
    },
  ]);
  expect(beats!.log).toEqual([
    { at: '2026-11-23T09:13:00.000Z', kind: 'fail', key: 'bad', exit_code: 3, by: 'request' },
    { at: '2026-11-23T09:11:00.000Z', kind: 'start', key: 'good', by: 'request' },
    { at: '2026-11-23T09:11:00.000Z', kind: 'beat', key: 'good', by: 'request' },
    { at: '2026-11-23T09:00:00.000Z', kind: 'beat', key: 'old', by: 'request' },
  ]);
  expect(requests).toMatchObject({ path: '/beats/backup', verified: false, accepted: 4, refused: 1 });
  expect(requests!.last_refused).toMatchObject({ status: 400, reason: expect.stringContaining('the key is missing') });
});

test('a heartbeat without keys has one entry, and beats in events are in its log; the log is bounded', async () => {
  const { source, pass } = await startHeartbeat({ cron: '0 2 * * *', timezone: 'UTC', match: { type: 'backup.done' } });
  for (let count = 0; count < 60; count += 1) pass({ type: 'backup.done' });
  const { beats } = source.facts!();
  expect(beats).toMatchObject({ when: '0 2 * * *', timezone: 'UTC', list: [{ state: 'up' }] });
  expect(beats!.list[0]).not.toHaveProperty('key');
  expect(beats!.log).toHaveLength(50);
  expect(beats!.log[0]).toMatchObject({ kind: 'beat', by: 'event' });
});

test('a schedule shows its last due time and the next one, also after a restart', async () => {
  const clock = clockAt();
  const io = recordedIo({ clock, name: 'report' });
  const source = await started(schedule, { cron: '0 * * * *', timezone: 'UTC' }, io);
  await clock.advance(0);
  const when = { when: '0 * * * *', timezone: 'UTC' };
  expect(source.facts!()).toEqual({ schedule: { ...when, next_at: '2026-11-23T10:00:00.000Z' } });
  await clock.advance(60 * MINUTE);
  const after = { ...when, last_at: '2026-11-23T10:00:00.000Z', next_at: '2026-11-23T11:00:00.000Z' };
  expect(source.facts!()).toEqual({ schedule: after });
  await source.stop();
  const again = await started(
    schedule,
    { cron: '0 * * * *', timezone: 'UTC' },
    recordedIo({ clock, name: 'report', stored: io.stored }),
  );
  await clock.advance(0);
  expect(again.facts!()).toEqual({ schedule: after });
});

test('a schedule whose times are over has no next one', async () => {
  const clock = clockAt();
  const source = await started(schedule, { at: '2026-11-23T10:00', timezone: 'UTC' }, recordedIo({ clock }));
  await clock.advance(60 * MINUTE);
  expect(source.facts!().schedule).toEqual({
    when: '2026-11-23T10:00',
    timezone: 'UTC',
    last_at: '2026-11-23T10:00:00.000Z',
  });
});

test('a webhook shows the last request and the last refusal, also of requests that the server refused', async () => {
  const io = recordedIo({ clock: systemClock, name: 'ci' });
  const source = await started(
    webhook,
    { path: '/hooks/ci', max_body: '64B', verify: { bearer: 'a-long-secret' } },
    io,
  );
  const to = await openTestListener();
  to.daemon.hooks.set('/hooks/ci', source.routes![0]!);
  const post = (body: string, token = 'a-long-secret') => ask(to, '/hooks/ci', { method: 'POST', token, body });
  expect((await post('{}')).status).toBe(202);
  expect(source.facts!().requests).toMatchObject({
    path: '/hooks/ci',
    methods: ['POST'],
    verified: true,
    accepted: 1,
    refused: 0,
    last_accepted: { status: 202, remote: '127.0.0.1' },
  });
  const refusals = [
    [() => post('{}', 'wrong'), 401, 'does not prove'],
    [() => post('x'.repeat(100)), 413, ''],
    [() => ask(to, '/hooks/ci'), 405, 'POST'],
  ] as const;
  for (const [index, [send, status, reason]] of refusals.entries()) {
    await send();
    expect(source.facts!().requests).toMatchObject({
      accepted: 1,
      refused: index + 1,
      last_refused: { status, remote: '127.0.0.1', reason: expect.stringContaining(reason) },
    });
  }
});

test.each([
  ['files', files],
  ['lines', lines],
])('a source of type %s shows how many files and folders it watches', async (_, type) => {
  const folder = await temporaryFolder();
  for (const name of ['a.log', 'b.log', 'c.txt']) await writeFile(path.join(folder, name), '');
  const paths = [path.join(folder, '*.log')];
  const source = await started(type, { paths }, recordedIo({ clock: systemClock }));
  await expect.poll(() => source.facts!()).toEqual({ files: { paths, files: 2, folders: 1 } });
});
