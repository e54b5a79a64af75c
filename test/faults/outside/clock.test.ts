import { describe, expect, onTestFinished, test } from 'vitest';
import type { DeliveryView } from '../../../daemon/http/daemon-api.ts';
import { openFixture } from '../../support/daemon-fixture.ts';
import { clockSkipped, FakeClock } from '../support/clock.ts';
import { Rounds } from '../support/report.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** New times of the clock, given the old one. */
const STEPS: Readonly<Record<string, (now: number) => number>> = {
  '+1 s': (now) => now + SECOND,
  '-1 s': (now) => now - SECOND,
  '+1 h': (now) => now + HOUR,
  '-1 h': (now) => now - HOUR,
  '+1 d': (now) => now + DAY,
  '-1 d': (now) => now - DAY,
  '+10 y': (now) => now + 10 * YEAR,
  '-10 y': (now) => now - 10 * YEAR,
  'to 1970': () => HOUR,
  'to 2038': () => Date.parse('2038-01-19T03:14:00Z'),
};

/** Back by more than this, a schedule counts its due times from the new time; otherwise it waits for times that it has not handled. */
const MAX_BACKWARD = DAY;
const WAITING = 20;
/** Retries of the channel, after which a delivery would be dead. */
const RETRIES = 12;

const rulesOf = (origin: string): string => `channels:
  flaky: { type: webhook, url: "${origin}/flaky", delivery: { retry: [${Array.from({ length: RETRIES }, () => '2s').join(', ')}] } }
  good: { type: webhook, url: "${origin}/good" }
sources:
  tick: { type: schedule, cron: "*/2 * * * * *", timezone: UTC }
rules:
  - { name: retried, on: api, match: { type: retried }, notify: flaky }
  - { name: waits, on: api, match: { type: waits }, for: 2s, notify: good }
  - { name: digest, on: api, match: { type: digest }, digest: { every: 2s }, notify: good }
  - { name: after, on: api, match: { type: after }, notify: good }
  - { name: tick, on: tick, message: { title: "{{ data.scheduled_at }}" }, notify: good }
`;

/**
 * Steps the clock while deliveries wait for a retry, a rule waits (`for`), a digest collects and a schedule ticks. `stopped`: the clock is
 * set while no daemon runs.
 */
async function stepped(name: string, stopped: boolean): Promise<string> {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  const clock = new FakeClock(home);
  await home.rules(rulesOf(receiver.origin));
  await home.start();
  const ticks = () => receiver.got.filter(({ rule }) => rule === 'tick').map(({ title }) => title);
  await receiver.until(({ rule }) => rule === 'tick');
  receiver.statuses.set('flaky', 503);
  for (let number = 0; number < WAITING; number += 1) await fixture.post({ type: 'retried' });
  await receiver.until(({ channel }) => channel === 'flaky', 4);
  for (const type of ['waits', 'digest']) await fixture.post({ type });
  if (stopped) await home.kill();
  const before = ticks().length;
  const [from, to] = [clock.now(), STEPS[name]!(clock.now())];
  clock.setTo(to);
  receiver.statuses.delete('flaky');
  if (stopped) await home.start();
  const at = performance.now();
  await fixture.post({ type: 'after' });
  await receiver.until(({ rule }) => rule === 'after');
  const delivered = async (): Promise<readonly DeliveryView[]> =>
    (await home.call<{ deliveries: DeliveryView[] }>('GET', '/v1/deliveries?channel=flaky&limit=1000')).body.deliveries;
  await expect
    .poll(async () => (await delivered()).filter(({ state }) => state === 'delivered').length, { timeout: 90_000 })
    .toBe(WAITING);
  const ended = (): unknown => ['waits', 'digest'].filter((rule) => receiver.got.some((got) => got.rule === rule));
  await expect.poll(ended, { timeout: 60_000 }).toEqual(['waits', 'digest']);
  const settled = performance.now() - at;
  const ticksOn = to > from || from - to > MAX_BACKWARD;
  if (ticksOn) await expect.poll(() => ticks().length, { timeout: 90_000 }).toBeGreaterThan(before);
  const attempts = Math.max(...(await delivered()).map((one) => one.attempts.length));
  expect(attempts).toBeLessThanOrEqual(RETRIES + 1);
  expect(await home.deadLetters()).toEqual([]);
  // An instant that lies ahead of the clock again after a long jump back is due again, by the page of the source.
  if (from - to <= MAX_BACKWARD) expect([name, ticks().length]).toEqual([name, new Set(ticks()).size]);
  for (const rule of ['waits', 'digest', 'after'])
    expect([rule, receiver.deliveries().filter((got) => got.rule === rule).length]).toEqual([rule, 1]);
  await fixture.audited();
  return `clock ${name}${stopped ? ' while stopped' : ''}: all on their way after ${(settled / 1000).toFixed(1)} s, at most ${attempts} attempts, ${ticks().length} ticks`;
}

describe.skipIf(clockSkipped !== '')(`a clock that is set${clockSkipped}`, () => {
  test.each([false, true])(
    'starves and storms no retry, repeats no tick, and ends each wait (stopped: %s)',
    async (stopped) => {
      // After a stop the length of a jump is unknown: a retry waits at most for the longest wait of its schedule, and for 24 h.
      const names = Object.keys(STEPS).filter((name) => !stopped || !/^-1 [hd]$/.test(name));
      const rounds = new Rounds(`clock set${stopped ? ' while stopped' : ''}`, ['I8', 'I13']);
      const half = Math.ceil(names.length / 2);
      for (const group of [names.slice(0, half), names.slice(half)]) {
        const ended = await Promise.allSettled(group.map((name) => stepped(name, stopped)));
        for (const result of ended) if (result.status === 'fulfilled') process.stderr.write(`${result.value}\n`);
        for (const name of group) rounds.end([], name);
        expect(
          ended.flatMap((result, index) =>
            result.status === 'rejected' ? [`${group[index]}: ${String(result.reason)}`] : [],
          ),
        ).toEqual([]);
      }
    },
  );
});
