import { expect, test } from 'vitest';
import { Deadline, DeadlinePassed, onAbort } from '../../daemon/lib/async/abort.ts';
import { Crowd } from '../../daemon/lib/slot-list.ts';
import { Dictionary } from '../../daemon/lib/string-pool.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('a crowd has those that joined and did not leave, and leaving twice puts nobody else out', () => {
  const crowd = new Crowd<string>();
  const [ann, bob] = [crowd.join('ann'), crowd.join('bob')];
  crowd.leave(ann);
  crowd.leave(ann);
  expect(crowd.all()).toEqual(['bob']);
  crowd.join('eve');
  crowd.join('dan');
  expect(crowd.all().sort()).toEqual(['bob', 'dan', 'eve']);
  crowd.leave(bob);
  expect(crowd.all().sort()).toEqual(['dan', 'eve']);
});

test('a dictionary takes any name', () => {
  const dictionary = new Dictionary<number>();
  for (const name of ['', '__proto__', 'constructor', '1', 'toString']) {
    expect(dictionary.get(name)).toBeUndefined();
    dictionary.set(name, 1);
    expect(dictionary.get(name)).toBe(1);
    dictionary.delete(name);
    expect(dictionary.get(name)).toBeUndefined();
  }
});

test('whoever listens for the end of a long-lived signal is told once, unless they left', () => {
  const long = new AbortController();
  const told: string[] = [];
  onAbort(long.signal, () => told.push('stayed'));
  onAbort(long.signal, () => told.push('left'))();
  long.abort();
  expect(told).toEqual(['stayed']);
});

test('a deadline passes at its time, and everybody who asks is told why', async () => {
  const clock = new VirtualClock();
  const deadline = new Deadline(clock, 100, new AbortController().signal);
  const told: string[] = [];
  const leaving = (): void => void told.push('left');
  deadline.addEventListener('abort', leaving);
  deadline.removeEventListener('abort', leaving);
  deadline.addEventListener('abort', () => told.push('listener'));
  deadline.overdue(50, () => told.push('overdue'));
  const early = deadline.signal;
  await clock.advance(99);
  expect([deadline.aborted, early.aborted, told]).toEqual([false, false, []]);
  await clock.advance(1);
  expect([deadline.aborted, early.aborted, told]).toEqual([true, true, ['listener']]);
  expect([deadline.reason, early.reason, deadline.signal.reason]).toEqual(Array(3).fill(expect.any(DeadlinePassed)));
  await clock.advance(50);
  expect(told).toEqual(['listener', 'overdue']);
});

test('a deadline ends with its parent, also one that has ended already, and not after it was closed', async () => {
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
