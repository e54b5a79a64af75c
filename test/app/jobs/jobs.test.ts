import { expect, test } from 'vitest';
import { Jobs } from '../../../daemon/app/jobs/jobs.ts';
import type { JobWork } from '../../../daemon/app/jobs/work.ts';
import type { RunControl } from '../../../daemon/lib/async/run-control.ts';
import { memoryLog } from '../../support/delivery.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Line {
  readonly id: string;
  readonly part: string;
  readonly ok: boolean;
}

/** Work whose items end one after another, each after `stepMs`; the items of the part `bad` fail. */
function workOf(clock: VirtualClock, parts: Readonly<Record<string, number>>, stepMs = 1000): JobWork<Line> {
  return {
    kind: 'dead.resend',
    by: 'ann',
    request: { all: true },
    parts: new Map(Object.entries(parts)),
    rateOf: (part) => (part === 'slow' ? { count: 1, per: 60_000 } : undefined),
    async *run(control: RunControl) {
      for (const [part, count] of Object.entries(parts)) {
        for (let index = 0; index < count; index += 1) {
          if (!(await control.proceed())) return;
          await new Promise<void>((resolve) => void clock.after(stepMs, resolve));
          yield { id: `${part}-${index}`, part, ok: part !== 'bad' };
        }
      }
    },
    resultOf: ({ id, part, ok }) =>
      ok
        ? { part, state: 'delivered' }
        : { part, state: 'dead', failure: { id, channel: part, code: 'http.422', message: 'no' } },
  };
}

function opened(): { clock: VirtualClock; jobs: Jobs } {
  const clock = new VirtualClock();
  let count = 0;
  return { clock, jobs: new Jobs({ clock, log: memoryLog().log, newId: () => `j-${(count += 1)}` }) };
}

test('a job shows its progress by channel, its failures and when it is expected to end', async () => {
  const { clock, jobs } = opened();
  const { id } = jobs.start(workOf(clock, { good: 2, bad: 2 }));
  expect(jobs.find(id)).toMatchObject({ state: 'running', by: 'ann', total: 4, done: 0, left: 4 });
  expect(jobs.find(id)).not.toHaveProperty('eta');
  await clock.advance(3000);
  expect(jobs.find(id)).toMatchObject({
    done: 3,
    delivered: 2,
    failed: 1,
    left: 1,
    results: { delivered: 2, dead: 1 },
    eta: '2026-11-23T09:00:06.000Z',
    channels: [
      { channel: 'good', total: 2, done: 2, failed: 0 },
      { channel: 'bad', total: 2, done: 1, failed: 1 },
    ],
    failures: [{ id: 'bad-0', code: 'http.422' }],
  });
  await clock.advance(1000);
  expect(jobs.find(id)).toMatchObject({ state: 'done', left: 0, ended_at: '2026-11-23T09:00:04.000Z' });
});

test('the rate of a channel decides the expected end before the first result', async () => {
  const { clock, jobs } = opened();
  const { id } = jobs.start(workOf(clock, { slow: 3 }));
  expect(jobs.find(id)).toMatchObject({ channels: [{ rate: '1/1m' }], eta: '2026-11-23T09:03:00.000Z' });
});

test('a paused job begins nothing, has no expected end, and does not count the pause as slowness', async () => {
  const { clock, jobs } = opened();
  const { id } = jobs.start(workOf(clock, { good: 4 }));
  await clock.advance(2000);
  expect(jobs.change(id, 'pause', 'bob')).toMatchObject({ state: 'paused', changed: { verb: 'pause', by: 'bob' } });
  await clock.advance(3_600_000);
  const paused = jobs.find(id)!;
  expect([paused.done, paused.eta]).toEqual([3, undefined]);
  expect(jobs.change(id, 'resume')).toMatchObject({ state: 'running', eta: '2026-11-23T10:00:02.667Z' });
  await clock.advance(1000);
  expect(jobs.find(id)?.state).toBe('done');
  expect(() => jobs.change(id, 'pause')).toThrow('the job has ended (done); there is nothing to pause');
});

test('a cancelled job ends when what is in flight has ended', async () => {
  const { clock, jobs } = opened();
  const { id } = jobs.start(workOf(clock, { good: 4 }));
  await clock.advance(1500);
  expect(jobs.change(id, 'cancel')?.state).toBe('cancelling');
  await clock.advance(500);
  expect(jobs.find(id)).toMatchObject({ state: 'cancelled', done: 2, left: 2 });
  expect(clock.waiting).toBe(0);
});

test('a job goes on when its reader has gone, and an unknown job is none', async () => {
  const { clock, jobs } = opened();
  const reader = new AbortController();
  const job = jobs.start(workOf(clock, { good: 3 }));
  const read: unknown[] = [];
  const reading = (async () => {
    for await (const line of job.lines(reader.signal)) read.push(line);
  })();
  await clock.advance(1000);
  reader.abort();
  await reading;
  await clock.advance(2000);
  expect(read).toHaveLength(1);
  expect(jobs.find(job.id)).toMatchObject({ state: 'done', done: 3 });
  expect([jobs.find('nobody'), jobs.change('nobody', 'cancel')]).toEqual([undefined, undefined]);
});

test('a reader that is too slow gets the number of lines that it lost', async () => {
  const { clock, jobs } = opened();
  const job = jobs.start(workOf(clock, { good: 10_500 }, 0));
  await clock.advance(10_500);
  await expect.poll(() => clock.advance(1).then(() => jobs.find(job.id)?.state)).toBe('done');
  const read: object[] = [];
  for await (const line of job.lines(new AbortController().signal)) read.push(line);
  expect([read.length, read[0]]).toEqual([10_001, { skipped: 500 }]);
});

test('a failed work ends its job and the lines of its reader', async () => {
  const { clock, jobs } = opened();
  const failing = { ...workOf(clock, { good: 1 }), run: () => failure() };
  async function* failure(): AsyncIterable<Line> {
    yield { id: 'good-0', part: 'good', ok: true };
    throw new Error('the disk is gone');
  }
  const job = jobs.start(failing);
  const lines = async (): Promise<void> => {
    for await (const _ of job.lines(new AbortController().signal));
  };
  await expect(lines()).rejects.toThrow('the disk is gone');
  expect(jobs.find(job.id)).toMatchObject({ state: 'failed', error: 'the disk is gone', done: 1 });
});

test('the last 50 jobs that ended are kept; running ones are at most 20, and end at a stop', async () => {
  const { clock, jobs } = opened();
  for (let count = 0; count < 55; count += 1) {
    jobs.start(workOf(clock, { good: 1 }));
    await clock.advance(1000);
  }
  expect([jobs.list().length, jobs.list()[0]?.id]).toEqual([50, 'j-55']);
  for (let count = 0; count < 20; count += 1) jobs.start(workOf(clock, { good: 2 }));
  expect(() => jobs.checkRoom()).toThrow('20 jobs are running');
  const stopped = jobs.stop();
  await clock.advance(1000);
  await stopped;
  expect(new Set(jobs.list().map(({ state }) => state))).toEqual(new Set(['cancelled', 'done']));
  expect(() => jobs.checkRoom()).toThrow('stopping');
  expect(clock.waiting).toBe(0);
});
