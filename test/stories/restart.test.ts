import { describe, expect, test, vi } from 'vitest';
import { story, ruleText } from '../core/flow/script.ts';
import { openStage } from './stage.ts';

const passed = (moment: number): Promise<unknown> =>
  vi.waitUntil(() => Date.now() >= moment, { timeout: 30_000, interval: 5 });

test.concurrent('inhibited alert leaks at restart: a target that comes before its source does is quiet all the same', async ({
  onTestFinished,
}) => {
  const { home, far, channel, post, outcomes, told, audited } = await openStage(onTestFinished);
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
  await far.until(({ rule }) => rule === 'host-down');
  await home.kill();
  const service = (host: string): string[] => ['emit', 'service.down', `host=${host}`, `service=${host}-web`, '--json'];
  // Taken in before anything else comes.
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
  await far.until(({ rule }) => rule === 'service-down');
  expect(told(({ rule, status }) => `${rule} ${status}`)).toEqual(['host-down firing', 'service-down firing']);
  expect(far.deliveries().at(-1)!.key).toBe('w1-mail');
  await audited();
});

describe("editing rule B kills rule A's `for`", () => {
  const b = (type: string): string => ruleText(`match: { type: ${type} }, for: 1m`, 'b');
  story(
    'not when B is edited and all is restarted at 90 %: A fires on time',
    'for: 10m',
    ['0 down: waiting', '5m edit: ', '9m restart', '9m59s', '10m > ops firing', '1d'],
    { others: b('one'), edits: ['for: 10m'] },
  );

  test.concurrent('not in a daemon that is killed at 90 % either', async ({ onTestFinished }) => {
    const { home, far, channel, post, told, audited } = await openStage(onTestFinished);
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
    await far.until(({ rule }) => rule === 'later');
    expect(told(({ rule, status }) => `${rule} ${status}`)).toEqual(['a firing', 'later firing']);
    expect(far.got[0]!.at).toBeGreaterThanOrEqual(began + 2000);
    await audited();
  });
});

test.concurrent('a missed schedule waits a full period: what fell due while the daemon was down comes at the start, once', async ({
  onTestFinished,
}) => {
  const { home, far, channel, post, told } = await openStage(onTestFinished);
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
  expect(far.got).toEqual([]);
  await home.start();
  await far.until(() => true);
  await home.kill();
  await home.start();
  await post({ type: 'other' });
  expect(await home.stop()).toBe(0);
  expect(told(({ title }) => title)).toEqual(['clock 0']);
});

test.concurrent('a process that is stopped past its timers and goes on fires each of them once', async ({
  onTestFinished,
}) => {
  const { home, far, channel, post } = await openStage(onTestFinished);
  await home.rules(`${channel}sources:
  beat: { type: schedule, every: 1s }
rules:
  - { name: held, match: { type: t }, for: 1s, notify: ops }
  - { name: alert, match: { type: t }, repeat: 1s, resolve: { match: { type: over } }, notify: ops }
  - { name: tick, on: beat, message: { title: "{{ data.scheduled_at }}" }, notify: ops }\n`);
  await home.start();
  await far.until(({ rule }) => rule === 'tick');
  const began = Date.now();
  await post({ type: 't' });
  // Else the first message of the alert may come among its repeats.
  await far.until(({ rule }) => rule === 'alert');
  home.signal('SIGSTOP');
  const stopped = Date.now();
  await passed(stopped + 3500);
  const before = far.deliveries().filter(({ at }) => at > stopped + 1000).length;
  home.signal('SIGCONT');
  const waked = Date.now();
  await far.until(({ rule }) => rule === 'held');
  await far.until(({ rule, at }) => rule === 'alert' && at >= waked);
  await far.until(({ rule, at }) => rule === 'tick' && at >= waked, 2);
  await post({ type: 'over' });
  expect(before).toBe(0);
  expect(await home.stop()).toBe(0);
  const of = (rule: string) => far.got.filter((got) => got.rule === rule);
  expect(of('held')).toHaveLength(1);
  expect(of('held')[0]!.at).toBeGreaterThanOrEqual(began + 1000);
  // Those repeats that were due meanwhile are one.
  const repeats = of('alert').filter(({ at }) => at >= waked);
  expect(repeats.length).toBeLessThanOrEqual(1 + Math.ceil((repeats.at(-1)!.at - waked) / 1000));
  const ticks = of('tick').map(({ title }) => title);
  expect(ticks).toEqual([...new Set(ticks)].sort());
});

test.concurrent('a window that was lengthened while the daemon was stopped is as long as the rules say now', async ({
  onTestFinished,
}) => {
  const { home, far, channel, post, outcomes, audited } = await openStage(onTestFinished);
  const rules = (window: string): string => `${channel}rules:
  - { name: r, match: { type: t }, key: k, dedupe: ${window}, notify: ops }\n`;
  await home.rules(rules('500ms'));
  await home.start();
  await post({ type: 't' });
  const posted = Date.now();
  await far.until(({ rule }) => rule === 'r');
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
