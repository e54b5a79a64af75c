import { describe, expect, test, vi } from 'vitest';
import { story, ruleText } from '../core/flow/script.ts';
import { openFixture } from '../support/daemon-fixture.ts';

const passed = (time: number): Promise<unknown> =>
  vi.waitUntil(() => Date.now() >= time, { timeout: 30_000, interval: 5 });

test.concurrent('inhibition across a restart: a target event that is queued before the start stays inhibited', async ({
  onTestFinished,
}) => {
  const { home, receiver, channel, post, outcomes, delivered, audited } = await openFixture(onTestFinished);
  await home.rules(`${channel}rules:
  - name: host-down
    match: { type: host.down }
    key: "{{ data.host }}"
    resolve: { match: { type: host.up } }
    notify: ops
  - name: service-down
    match: { type: service.down }
    key: "{{ data.service }}"
    inhibited_by: { rule: host-down, equal: data.host }
    notify: ops\n`);
  await home.start();
  await post({ type: 'host.down', data: { host: 'w1' } });
  await receiver.until(({ rule }) => rule === 'host-down');
  await home.kill();
  const service = (host: string): string[] => ['emit', 'service.down', `host=${host}`, `service=${host}-web`, '--json'];
  // Handled before any other event.
  const queued = await home.belfry(service('w1'));
  expect(JSON.parse(queued.stdout)).toMatchObject({ queued: true });
  await home.start();
  const { id } = JSON.parse(queued.stdout) as { id: string };
  expect(await outcomes(id)).toEqual({ 'service-down': 'inhibited' });
  await home.kill();
  await home.start();
  const again = await post({ type: 'service.down', data: { host: 'w1', service: 'w1-db' } });
  expect(await outcomes(again)).toEqual({ 'service-down': 'inhibited' });
  await post({ type: 'host.down', data: { host: 'w1' } });
  await post({ type: 'host.up', data: { host: 'w1' } });
  await post({ type: 'service.down', data: { host: 'w1', service: 'w1-mail' } });
  await receiver.until(({ rule }) => rule === 'service-down');
  expect(delivered(({ rule, status }) => `${rule} ${status}`)).toEqual(['host-down firing', 'service-down firing']);
  expect(receiver.deliveries().at(-1)!.key).toBe('w1-mail');
  await audited();
});

describe('an edit of rule B and the `for` of rule A', () => {
  const b = (type: string): string => ruleText(`match: { type: ${type} }, for: 1m`, 'b');
  story(
    'A fires on time when B is edited and the daemon restarted at 90 %',
    'for: 10m',
    ['0 down: waiting', '5m edit: ', '9m restart', '9m59s', '10m > ops firing', '1d'],
    { others: b('one'), edits: ['for: 10m'] },
  );

  test.concurrent('A fires on time when the daemon is killed at 90 %', async ({ onTestFinished }) => {
    const { home, receiver, channel, post, delivered, audited } = await openFixture(onTestFinished);
    const rules = (type: string): string => `${channel}rules:
  - { name: a, match: { type: t, data.of: a }, for: 2s, notify: ops }
  - { name: b, match: { type: ${type} }, for: 1s, notify: ops }
  - { name: later, match: { type: t, data.of: later }, for: 1500ms, notify: ops }\n`;
    await home.rules(rules('one'));
    await home.start();
    const began = Date.now();
    await post({ type: 't', data: { of: 'a' } });
    const posted = Date.now();
    const from = home.lines.length;
    await home.rules(rules('two'));
    await home.logged((line) => line.msg === 'reload: applied', from);
    await passed(posted + 600);
    await post({ type: 't', data: { of: 'later' } });
    await passed(began + 1800);
    await home.kill();
    await home.start();
    await receiver.until(({ rule }) => rule === 'later');
    expect(delivered(({ rule, status }) => `${rule} ${status}`)).toEqual(['a firing', 'later firing']);
    expect(receiver.got[0]!.at).toBeGreaterThanOrEqual(began + 2000);
    await audited();
  });
});

test.concurrent('a missed schedule: a time that was due while the daemon was down fires at the start, once', async ({
  onTestFinished,
}) => {
  const { home, receiver, channel, post, delivered } = await openFixture(onTestFinished);
  const rules = (at: number): string => `${channel}sources:
  clock: { type: schedule, at: "${new Date(at).toISOString()}" }
  beat: { type: schedule, every: 1h }
rules:\n  - { name: tick, on: [clock, beat], message: { title: "{{ source }} {{ data.missed }}" }, notify: ops }\n`;
  await home.rules(rules(Date.now() + 3_600_000));
  await home.start();
  const due = Date.now() + 1500;
  const from = home.lines.length;
  await home.rules(rules(due));
  await home.logged((line) => line.msg === 'reload: applied', from);
  await home.kill();
  await passed(due);
  expect(receiver.got).toEqual([]);
  await home.start();
  await receiver.until(() => true);
  await home.kill();
  await home.start();
  await post({ type: 'other' });
  expect(await home.stop()).toBe(0);
  expect(delivered(({ title }) => title)).toEqual(['clock 0']);
});

test.concurrent('a process that is stopped past its timers and continued fires each of them once', async ({
  onTestFinished,
}) => {
  const { home, receiver, channel, post } = await openFixture(onTestFinished);
  await home.rules(`${channel}sources:
  beat: { type: schedule, every: 1s }
rules:
  - { name: held, match: { type: t }, for: 1s, notify: ops }
  - { name: alert, match: { type: t }, repeat: 1s, resolve: { match: { type: over } }, notify: ops }
  - { name: tick, on: beat, message: { title: "{{ data.scheduled_at }}" }, notify: ops }\n`);
  await home.start();
  await receiver.until(({ rule }) => rule === 'tick');
  const began = Date.now();
  await post({ type: 't' });
  // Otherwise the first message of the alert could be counted as a repeat.
  await receiver.until(({ rule }) => rule === 'alert');
  home.signal('SIGSTOP');
  const stopped = Date.now();
  await passed(stopped + 3500);
  const before = receiver.deliveries().filter(({ at }) => at > stopped + 1000).length;
  home.signal('SIGCONT');
  const waked = Date.now();
  await receiver.until(({ rule }) => rule === 'held');
  await receiver.until(({ rule, at }) => rule === 'alert' && at >= waked);
  await receiver.until(({ rule, at }) => rule === 'tick' && at >= waked, 2);
  await post({ type: 'over' });
  expect(before).toBe(0);
  expect(await home.stop()).toBe(0);
  const of = (rule: string) => receiver.got.filter((got) => got.rule === rule);
  expect(of('held')).toHaveLength(1);
  expect(of('held')[0]!.at).toBeGreaterThanOrEqual(began + 1000);
  // Repeats that were due during the stop are sent as one.
  const repeats = of('alert').filter(({ at }) => at >= waked);
  expect(repeats.length).toBeLessThanOrEqual(1 + Math.ceil((repeats.at(-1)!.at - waked) / 1000));
  const ticks = of('tick').map(({ title }) => title);
  expect(ticks).toEqual([...new Set(ticks)].sort());
});

test.concurrent('a window that is changed while the daemon is stopped has the new length', async ({
  onTestFinished,
}) => {
  const { home, receiver, channel, post, outcomes, audited } = await openFixture(onTestFinished);
  const rules = (window: string): string => `${channel}rules:
  - { name: r, match: { type: t }, key: k, dedupe: ${window}, notify: ops }\n`;
  await home.rules(rules('500ms'));
  await home.start();
  await post({ type: 't' });
  const posted = Date.now();
  await receiver.until(({ rule }) => rule === 'r');
  await home.kill();
  await home.rules(rules('1h'));
  await passed(posted + 1000);
  await home.start();
  expect(await outcomes(await post({ type: 't' }))).toEqual({ r: 'deduplicated' });
  await home.kill();
  await home.rules(rules('1s'));
  await home.start();
  expect(await outcomes(await post({ type: 't' }))).toEqual({ r: 'notified' });
  await audited();
});
