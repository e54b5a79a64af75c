import { expect, test } from 'vitest';
import type { ChannelView, DeliveryView, StatusView } from '../../daemon/http/daemon-api.ts';
import { openFixture } from '../support/daemon-fixture.ts';

test('a channel that is limited by a 429 without Retry-After shows until when, also after a kill', async ({
  onTestFinished,
}) => {
  const { home, receiver: far, channel, post, audited } = await openFixture(onTestFinished);
  await home.rules(`${channel}rules:\n  - { name: all, on: api, notify: ops }\n`);
  far.statuses.set('ops', 429);
  await home.start();
  await post({ type: 'a' });
  await far.until(() => true);
  const channels = async (): Promise<ChannelView[]> =>
    (await home.call<{ channels: ChannelView[] }>('GET', '/v1/channels')).body.channels;
  await expect.poll(async () => (await channels())[0]!.state).toBe('failing');
  const before = (await channels())[0]!;
  const [got] = far.got;
  const rest = Date.parse(before.resting_until!) - got!.at;
  expect(rest).toBeGreaterThanOrEqual(60_000);
  expect(rest).toBeLessThan(120_000);
  expect(before.reason).toMatch(/^resting until \d{4}-.*: too many requests \(http\.429\)$/);
  await home.kill();
  await home.start();
  const [after] = await channels();
  expect(Math.abs(Date.parse(after!.resting_until!) - Date.parse(before.resting_until!))).toBeLessThan(1000);
  const { deliveries } = (await home.call<{ deliveries: DeliveryView[] }>('GET', '/v1/deliveries')).body;
  expect(Date.parse(deliveries[0]!.next_at!)).toBeGreaterThanOrEqual(Date.parse(after!.resting_until!) - 1000);
  const { body } = await home.call<StatusView>('GET', '/v1/status');
  expect(body.reasons).toEqual([expect.stringContaining('channel ops is failing: resting until')]);
  const listed = await home.belfry(['channel', 'list']);
  expect(listed.stdout).toContain('resting until');
  expect(far.got).toHaveLength(1);
  await audited();
});
