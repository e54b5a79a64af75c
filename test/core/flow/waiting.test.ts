import { expect, test } from 'vitest';
import { waitingGroups } from '../../../daemon/core/flow/waiting.ts';
import { CoreRunner, HOUR, MINUTE, START } from '../../support/core-runner.ts';

const RULES = `hours:
  night: { from: "22:00", to: "23:00", timezone: UTC }
rules:
  - { name: slow, on: api, match: { data.to: slow }, key: "{{ data.k }}", for: 10m, notify: ops }
  - { name: nightly, on: api, match: { data.to: nightly }, key: k, during: night, outside: hold, notify: ops }
  - { name: daily, on: api, match: { data.to: daily }, key: k, digest: { wait: 1h }, notify: ops }
  - { name: often, on: api, match: { data.to: often }, key: k, threshold: { count: 3, within: 5m }, notify: ops }
`;

/** Waiting groups, as `STEP COUNT` and lines of `RULE KEY EVENTS MINUTES`; minutes count from the start. */
function waiting(runner: CoreRunner, max = 10): readonly string[] {
  const wakes = new Map(runner.rows().map(({ rule, key, step, wake }) => [JSON.stringify([rule, key, step]), wake]));
  const steps = waitingGroups(
    runner.context(),
    ({ rule, key, step }) => wakes.get(JSON.stringify([rule, key, step])),
    max,
  );
  return steps.flatMap(({ step, count, first }) => [
    `${step} ${count}`,
    ...first.map(({ rule, key, events, until }) => `${rule} ${key} ${events} ${(until! - START) / MINUTE}`),
  ]);
}

test('nothing waits where no event came', () => {
  expect(waiting(new CoreRunner(RULES))).toEqual(['for 0', 'threshold 0', 'hours 0', 'digest 0']);
});

test('a group is named with its rule, its key, its events and the end of its wait', () => {
  const runner = new CoreRunner(RULES);
  for (const to of ['slow', 'nightly', 'daily', 'often']) runner.take({ to, k: 'a' });
  runner.wait(MINUTE);
  for (const to of ['slow', 'nightly', 'daily', 'often']) runner.take({ to, k: 'a' });
  expect(waiting(runner)).toEqual([
    'for 1',
    'slow a 2 10',
    'threshold 1',
    'often k 2 5',
    'hours 1',
    `nightly k 2 ${13 * 60}`,
    'digest 1',
    'daily k 2 60',
  ]);
  runner.wait(5 * MINUTE);
  expect(waiting(runner).slice(2, 3)).toEqual(['threshold 0']);
  runner.wait(14 * HOUR);
  expect(waiting(runner)).toEqual(['for 0', 'threshold 0', 'hours 0', 'digest 0']);
});

test('the groups whose wait ends first are named, and all are counted', () => {
  const runner = new CoreRunner(RULES);
  for (const k of ['a', 'b', 'c']) {
    runner.take({ to: 'slow', k });
    runner.wait(MINUTE);
  }
  expect(waiting(runner, 2).slice(0, 3)).toEqual(['for 3', 'slow a 1 10', 'slow b 1 11']);
});

test('a wait follows an edit of its rule, and ends with the rule', () => {
  const runner = new CoreRunner(RULES);
  runner.take({ to: 'slow', k: 'a' });
  runner.edit(RULES.replace('for: 10m', 'for: 20m'));
  expect(waiting(runner)[1]).toBe('slow a 1 20');
  runner.edit(RULES.replaceAll('slow', 'other'));
  expect(waiting(runner)[0]).toBe('for 0');
});
