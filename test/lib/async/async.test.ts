import { expect, test } from 'vitest';
import { Deadline, DeadlinePassed, onAbort } from '../../../daemon/lib/async/abort.ts';
import { KeyedMutex } from '../../../daemon/lib/async/keyed-mutex.ts';
import { retry } from '../../../daemon/lib/async/retry.ts';
import { WaitGroup } from '../../../daemon/lib/async/wait-group.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

test('a listener of a long-lived signal is called once, unless it unsubscribed', () => {
  const long = new AbortController();
  const called: string[] = [];
  onAbort(long.signal, () => called.push('subscribed'));
  onAbort(long.signal, () => called.push('unsubscribed'))();
  long.abort();
  expect(called).toEqual(['subscribed']);
});

test('a deadline aborts at its time, and all listeners get the reason', async () => {
  const clock = new VirtualClock();
  const deadline = new Deadline(clock, 100, new AbortController().signal);
  const called: string[] = [];
  const removed = (): void => void called.push('removed');
  deadline.addEventListener('abort', removed);
  deadline.removeEventListener('abort', removed);
  deadline.addEventListener('abort', () => called.push('listener'));
  deadline.overdue(50, () => called.push('overdue'));
  const early = deadline.signal;
  await clock.advance(99);
  expect([deadline.aborted, early.aborted, called]).toEqual([false, false, []]);
  await clock.advance(1);
  expect([deadline.aborted, early.aborted, called]).toEqual([true, true, ['listener']]);
  expect([deadline.reason, early.reason, deadline.signal.reason]).toEqual(Array(3).fill(expect.any(DeadlinePassed)));
  await clock.advance(50);
  expect(called).toEqual(['listener', 'overdue']);
});

test('a deadline aborts with its parent, also with one that has aborted before, and not after it was closed', async () => {
  const clock = new VirtualClock();
  const parent = new AbortController();
  const open = new Deadline(clock, 100, parent.signal);
  const closed = new Deadline(clock, 100, parent.signal);
  closed.close();
  parent.abort('stopped');
  await clock.advance(1000);
  expect([open.reason, closed.aborted]).toEqual(['stopped', false]);
  const late = new Deadline(clock, 100, parent.signal);
  expect([late.aborted, late.signal.aborted, late.signal.reason]).toEqual([true, true, 'stopped']);
});

test('a function that is registered twice is called twice', () => {
  const long = new AbortController();
  let calls = 0;
  const count = (): void => void (calls += 1);
  onAbort(long.signal, count);
  const unsubscribe = onAbort(long.signal, count);
  unsubscribe();
  unsubscribe();
  onAbort(long.signal, count);
  long.abort();
  expect(calls).toBe(2);
});

test('a keyed mutex runs work on one key in order, also after a failure, and on different keys at once', async () => {
  const mutex = new KeyedMutex();
  const steps: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const first = mutex.run('a', async () => {
    steps.push('a1 begins');
    await gate;
    steps.push('a1 fails');
    throw new Error('a1');
  });
  const second = mutex.run('a', async () => steps.push('a2'));
  await mutex.run('b', async () => steps.push('b'));
  open();
  await expect(first).rejects.toThrow('a1');
  await second;
  await mutex.run('a', async () => steps.push('a3'));
  expect(steps).toEqual(['a1 begins', 'b', 'a1 fails', 'a2', 'a3']);
});

test('retry waits 1, 2 and 4 seconds between attempts, reports failures and their end, and stops at an abort', async () => {
  const clock = new VirtualClock();
  const reports: (string | undefined)[] = [];
  const stop = new AbortController();
  const options = { clock, signal: stop.signal, onFailure: (reason: string | undefined) => void reports.push(reason) };
  let attempts = 0;
  const work = async (): Promise<number> => {
    attempts += 1;
    if (attempts < 4) throw new Error(`failure ${attempts}`);
    return attempts;
  };
  const result = retry(work, options);
  await clock.advance(2999);
  expect(attempts).toBe(2);
  await clock.advance(4001);
  expect(await result).toBe(4);
  expect(reports).toEqual(['failure 1', 'failure 2', 'failure 3', undefined]);
  const aborted = retry(() => Promise.reject(new Error('always')), options);
  await clock.advance(0);
  stop.abort();
  expect(await aborted).toBeUndefined();
});

test('a wait group resolves when nothing is running', async () => {
  const group = new WaitGroup();
  await group.wait();
  group.add();
  group.add();
  let isIdle = false;
  const idle = group.wait().then(() => (isIdle = true));
  group.done();
  await Promise.resolve();
  expect([isIdle, group.count]).toEqual([false, 1]);
  group.done();
  await idle;
  expect(isIdle).toBe(true);
});
