import { expect, test } from 'vitest';
import { outcomesNow } from '../../../daemon/core/flow/outcomes.ts';
import type { RuleOutcome } from '../../../daemon/core/flow/decision.ts';
import { CoreRunner, MINUTE } from '../../support/core-runner.ts';

const now = (...outcomes: RuleOutcome[]) => outcomesNow(outcomes.map((outcome) => ({ rule: 'r', outcome })));

test('the latest outcome of a rule counts, and the ones before it are kept in order', () => {
  expect(now()).toEqual({ outcomes: {}, earlier: {} });
  expect(now('notified')).toEqual({ outcomes: { r: 'notified' }, earlier: {} });
  expect(now('waiting', 'notified', 'notified', 'resolved')).toEqual({
    outcomes: { r: 'resolved' },
    earlier: { r: ['waiting', 'notified'] },
  });
  expect(now('waiting', 'silenced')).toEqual({ outcomes: { r: 'silenced' }, earlier: { r: ['waiting'] } });
});

test('an event that was notified stays notified when a repeat of its alert is suppressed', () => {
  expect(now('notified', 'silenced', 'outside_hours')).toEqual({ outcomes: { r: 'notified' }, earlier: {} });
  expect(now('silenced', 'notified')).toMatchObject({ outcomes: { r: 'notified' } });
});

test('an outcome of one rule changes no outcome of another', () => {
  const results = [
    { rule: 'a', outcome: 'held' },
    { rule: 'b', outcome: 'notified' },
    { rule: 'a', outcome: 'notified' },
  ] as const;
  expect(outcomesNow(results)).toEqual({ outcomes: { a: 'notified', b: 'notified' }, earlier: { a: ['held'] } });
});

const rule = (setting: string): string => `rules:\n  - { name: r, on: api, key: k, ${setting}, notify: ops }\n`;
const fates = (runner: CoreRunner): string[] => runner.fates.map(({ event, outcome }) => `${event} ${outcome}`);

test('every event of a digest gets the outcome of its message', () => {
  const runner = new CoreRunner(rule('digest: { wait: 5m }'));
  for (let count = 0; count < 3; count += 1) runner.take();
  runner.wait(5 * MINUTE);
  expect(fates(runner)).toEqual([
    'e1 collected',
    'e2 collected',
    'e3 collected',
    'e1 notified',
    'e2 notified',
    'e3 notified',
  ]);
});

test('every event of a digest that is full gets the outcome of its message', () => {
  const runner = new CoreRunner(rule('digest: { wait: 5m, max: 2 }'));
  expect([runner.take(), runner.take()]).toEqual([{ r: 'collected' }, { r: 'notified' }]);
  expect(fates(runner)).toEqual(['e1 collected', 'e2 notified', 'e1 notified']);
});

test('counted events get the outcome of the event that completes the number', () => {
  const runner = new CoreRunner(rule('threshold: { count: 3, within: 5m }, throttle: { max: 1, per: 1h }'));
  for (let count = 0; count < 6; count += 1) runner.take();
  expect(fates(runner).slice(2, 5)).toEqual(['e3 notified', 'e1 notified', 'e2 notified']);
  expect(fates(runner).slice(-3)).toEqual(['e6 throttled', 'e4 throttled', 'e5 throttled']);
});
