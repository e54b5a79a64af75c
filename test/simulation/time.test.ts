import { expect, it } from 'vitest';
import { testProblems } from '../support/simulation.ts';

const rules = (schedule: string): string => `
sources: { clock: { type: schedule, ${schedule} } }
channels: { ops: { type: log } }
rules:
  - { name: tick, on: clock, message: { title: "{{ data.scheduled_at }}" }, notify: ops }
  - { name: missed, on: clock, match: { data.missed: { gt: 0 } }, notify: ops }
`;
const steps = (at: string, ...lines: readonly string[]): string =>
  `tests:\n  - name: a\n    at: ${at}\n    steps:\n${lines.map((line) => `      - { ${line} }\n`).join('')}`;

it('a year has exactly the expected number of hourly ticks', async () => {
  const schedule = 'cron: "0 * * * *", timezone: Europe/Berlin';
  const found = await testProblems(
    rules(schedule),
    steps(
      '2026-01-01T00:00:00+01:00',
      'until: 2027-01-01T00:00:00, expect: [], outcomes: { tick: notified, missed: no_match }',
    ),
  );
  const named = found.filter((line) => line.includes('sent, but not expected: ops:'));
  expect(named).toHaveLength(20);
  expect(found.slice(20)).toEqual([expect.stringContaining(`and ${365 * 24 - 20} more were sent`)]);
});

it('at the end of summer time a repeated hour has one tick of a daily schedule, and the day 25 of an hourly one', async () => {
  const at = '2026-10-25T00:00:00+02:00';
  const twice = steps(at, 'after: 25h, expect: [{ title: "2026-10-25T00:30:00.000Z" }]');
  expect(await testProblems(rules('cron: "30 2 * * *", timezone: Europe/Berlin'), twice)).toEqual([]);
  const hours = Array.from(
    { length: 25 },
    (_, hour) => `after: 1h, expect: [{}], outcomes: { tick: notified, missed: no_match } # ${hour}`,
  );
  expect(
    await testProblems(
      rules('cron: "0 * * * *", timezone: Europe/Berlin'),
      steps(at, ...hours.map((line) => line.split(' #')[0]!)),
    ),
  ).toEqual([]);
});

it('a tick in a skipped hour is due right after it', async () => {
  const skipped = steps('2026-03-29T00:00:00+01:00', 'after: 24h, expect: [{ title: "2026-03-29T01:00:00.000Z" }]');
  expect(await testProblems(rules('cron: "30 2 * * *", timezone: Europe/Berlin'), skipped)).toEqual([]);
});

it('a tick that is due at the start of a test does not fire', async () => {
  const text = steps('2026-11-23T09:00:00Z', 'expect: [], after: 59s', 'expect: [{}], after: 1s');
  expect(await testProblems(rules('cron: "* * * * *", timezone: UTC'), text)).toEqual([]);
});

it('an alert that repeats once a month can be tested over decades', async () => {
  const alert = `channels: { ops: { type: log } }
rules: [{ name: r, match: { type: down }, resolve: { match: { type: up } }, repeat: 30d, notify: ops }]
`;
  const text = steps(
    '2026-01-01T00:00:00Z',
    'event: { type: down }, expect: [{}]',
    'after: 3660d, outcomes: { r: notified }',
    'after: 29d, expect: []',
    'after: 1d, expect: [{}]',
  );
  expect(await testProblems(alert, text)).toEqual([]);
});
