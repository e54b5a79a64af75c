import { expect, test } from 'vitest';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener } from '../../../support/listener.ts';

const CHANNEL = { name: 'ops', type: 'webhook', pending: 3, held: 0 };

test.each([
  [
    { state: 'failing', reason: 'connection refused (tcp.refused)', next_at: '2026-11-23T09:00:08.000Z' },
    'failing  connection refused (tcp.refused); next attempt at 2026-11-23T09:00:08.000Z',
  ],
  [{ state: 'ok', next_at: '2026-11-23T09:00:08.000Z' }, 'ok; next attempt at 2026-11-23T09:00:08.000Z'],
  [
    {
      state: 'failing',
      reason: 'resting until 2026-11-23T09:01:00.000Z: slow down (http.429)',
      resting_until: '2026-11-23T09:01:00.000Z',
      next_at: '2026-11-23T09:01:00.000Z',
    },
    'failing  resting until 2026-11-23T09:01:00.000Z: slow down (http.429)',
  ],
  [
    { state: 'paused', reason: 'held since 2026-11-23T08:00:00.000Z by ann: move', pending: 0, held: 3 },
    'paused  held since 2026-11-23T08:00:00.000Z by ann: move',
  ],
] as const)('a channel is shown with why and until when it sends nothing: %j', async (channel, text) => {
  const to = await openTestListener();
  to.daemon.current = { ...to.daemon.current, channels: [{ ...CHANNEL, ...channel }] };
  const { stdout } = await belfry(to, ['status']);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .at(-1)!
      .split(/\s{2,}/)
      .slice(4)
      .join('  '),
  ).toBe(text);
});

test('silences and waits that are not named are counted', async () => {
  const to = await openTestListener();
  const waiting = { for: 3, hours: 0, digest: 0, threshold: 0 };
  const list = [{ step: 'for', rule: 'disk-full', key: 'bad\u001B[31m', events: 2, until: '2026-11-23T09:10:00.000Z' }];
  to.daemon.current = { ...to.daemon.current, silences: { active: 2, list: [] }, waiting: { ...waiting, list } };
  const { stdout } = await belfry(to, ['status']);
  expect(stdout).not.toContain('\u001B');
  expect(stdout).toContain('silences  2 active\n  and 2 more: `belfry silence list`\n');
  expect(stdout).toContain('waiting  3 in `for`, 0 in `threshold`, 0 for their hours, 0 in `digest`\n');
  expect(stdout).toMatch(/ {2}waits in for {2}disk-full {2}bad \[31m {2}2 events {2}until 2026-11-23T09:10:00.000Z\n/);
  expect(stdout).toContain('  and 2 more: `belfry events --outcome waiting`\n');
});

test('a daemon without sources shows no empty table', async () => {
  const to = await openTestListener();
  to.daemon.current = { ...to.daemon.current, sources: [] };
  const { stdout } = await belfry(to, ['status']);
  expect(stdout).not.toContain('SOURCE');
  expect(stdout).toContain('CHANNEL');
});

test('the instances of a store are listed with what is wrong about them; a daemon alone has no such table', async () => {
  const to = await openTestListener();
  expect((await belfry(to, ['status'])).stdout).not.toContain('INSTANCE');
  const instance = {
    name: 'berlin',
    owner: 4,
    lease_until: '2026-11-23T09:00:08.000Z',
    since: '2026-11-23T08:00:00.000Z',
    host: 'db1\u001B[31m',
    pid: 812,
    version: '1.0.0',
    generation: 3,
    fingerprint: 'f00d',
    self: true,
  };
  const other = { ...instance, name: 'paris', owner: 5, host: 'db2', fingerprint: 'beef', self: false };
  to.daemon.current = { ...to.daemon.current, instances: [instance, other], warnings: ['the instances differ'] };
  const { stdout } = await belfry(to, ['status']);
  expect(stdout).toContain('\n  ! the instances differ\n');
  expect(stdout).not.toContain('\u001B');
  expect(stdout).toMatch(
    /\nberlin \(this one\) {2}db1 \[31m {2}812 {2}1\.0\.0 {4}3 {11}f00d {3}2026-11-23T09:00:08\.000Z\n/,
  );
  expect(stdout).toMatch(/\nparis {2,}db2 {2,}812 {2}1\.0\.0 {4}3 {11}beef /);
  const json = JSON.parse((await belfry(to, ['status', '--json'])).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({ instances: [instance, other], warnings: ['the instances differ'] });
});
