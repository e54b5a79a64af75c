import { expect, onTestFinished, test, vi } from 'vitest';
import type { EventView, StatusView } from '../../../daemon/http/daemon-api.ts';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';

/** Hours that begin in six hours. */
function notNow(): string {
  const hour = (later: number): string => new Date(Date.now() + later * 3_600_000).toISOString().slice(11, 13);
  return `{ from: "${hour(6)}:00", to: "${hour(7)}:00", timezone: UTC }`;
}

async function opened(rules: string): Promise<DaemonFixture> {
  const fixture = await openFixture(onTestFinished);
  await fixture.home.rules(fixture.channel + rules);
  await fixture.home.start();
  return fixture;
}

const rule = (name: string, settings: string): string =>
  `  - { name: ${name}, match: { data.rule: ${name} }, key: k, notify: ops, ${settings} }\n`;

async function jsonOf<T>({ home }: DaemonFixture, ...args: string[]): Promise<T> {
  return JSON.parse((await home.belfry([...args, '--json'])).stdout) as T;
}

test('status names active silences and what waits in the rules, with the end of the wait', async () => {
  const fixture = await opened(`hours: { night: ${notNow()} }
silences: [{ name: release, match: { data.host: web1 }, until: "2099-01-01T00:00:00Z", reason: release night }]
rules:
${rule('slow', 'for: 10m')}${rule('often', 'threshold: { count: 3, within: 1h }')}${rule('nightly', 'during: night, outside: hold')}${rule('daily', 'digest: { wait: 2h }')}`);
  for (const name of ['slow', 'often', 'nightly', 'daily', 'daily'])
    await fixture.post({ type: 't', data: { rule: name } });
  const status = await jsonOf<StatusView>(fixture, 'status');
  expect(status).toMatchObject({
    silences: { active: 1, list: [{ name: 'release', reason: 'release night', state: 'active' }] },
    waiting: {
      for: 1,
      threshold: 1,
      hours: 1,
      digest: 1,
      list: [
        { step: 'for', rule: 'slow', key: 'k', events: 1 },
        { step: 'threshold', rule: 'often', key: 'k', events: 1 },
        { step: 'hours', rule: 'nightly', key: 'k', events: 1 },
        { step: 'digest', rule: 'daily', key: 'k', events: 2 },
      ],
    },
    instances: [],
  });
  for (const { until } of status.waiting.list) expect(Date.parse(until!)).toBeGreaterThan(Date.now());
  const { stdout } = await fixture.home.belfry(['status']);
  expect(stdout).toMatch(
    /^silences {2}1 active\n {2}\S+ +until 2099-01-01T00:00:00.000Z +\S+ +release: release night$/m,
  );
  expect(stdout).toContain('waiting  1 in `for`, 1 in `threshold`, 1 for their hours, 1 in `digest`\n');
  expect(stdout).toMatch(/^ {2}digest +daily +k +2 events +until \d{4}-\d\d-\d\dT/m);
});

test('the list of events shows what an event was at first and what it became', async () => {
  const fixture = await opened(`rules:\n${rule('slow', 'for: 300ms')}${rule('daily', 'digest: { wait: 300ms }')}`);
  const ids = [];
  for (const name of ['slow', 'daily', 'daily']) ids.push(await fixture.post({ type: 't', data: { rule: name } }));
  await fixture.receiver.until(({ rule: name }) => name === 'slow');
  await fixture.receiver.until(({ rule: name }) => name === 'daily');
  await vi.waitFor(async () => {
    const { stdout } = await fixture.home.belfry(['events', '--order', 'asc']);
    expect(stdout.match(/(slow|daily): .*/g)).toEqual([
      'slow: waiting > notified',
      'daily: collected > notified',
      'daily: collected > notified',
    ]);
  });
  const first = await jsonOf<EventView>(fixture, 'events', ids[1]!);
  expect(first).toMatchObject({
    outcomes: { daily: 'notified' },
    earlier: { daily: ['collected'] },
    later: [{ rule: 'daily', outcome: 'notified', with_event: ids[2] }],
  });
  const { stdout } = await fixture.home.belfry(['events', ids[1]!]);
  expect(stdout).toMatch(/^ {2}\S+Z {2}daily {2}k {2}collected {2}1 collected, for 300ms; until \S+Z$/m);
  expect(stdout).toContain(`notified   together with event ${ids[2]}\n`);
  for (const outcome of ['collected', 'notified']) {
    const { stdout: found } = await fixture.home.belfry(['events', '--rule', 'daily', '--outcome', outcome, '--json']);
    expect(found.trim().split('\n')).toHaveLength(2);
  }
});
