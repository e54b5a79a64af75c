import { expect, onTestFinished, test } from 'vitest';
import { openFixture } from '../../support/daemon-fixture.ts';

interface Delivery {
  readonly rule: string;
  readonly channel: string;
  readonly state: string;
}

test('a canary that nobody answers is reported by another channel, over a restart, until the channel delivers again', async () => {
  const { home, receiver, post, audited } = await openFixture(onTestFinished);
  receiver.statuses.set('main', 503);
  await home.rules(`channels:
  main: { type: webhook, url: "${receiver.origin}/main", canary: { every: 1d, within: 2s, notify: spare } }
  spare: { type: webhook, url: "${receiver.origin}/spare" }
rules:
  - { name: all, match: { type: t }, notify: main }
  - { name: rest, catch_all: true, notify: main }\n`);
  const reasons = async () => (await home.call<{ reasons: string[] }>('GET', '/readyz')).body.reasons;
  const deliveries = async (query: string) =>
    (await home.call<{ deliveries: Delivery[] }>('GET', `/v1/deliveries${query}`)).body.deliveries;
  await home.start();
  await receiver.until(({ channel, rule }) => channel === 'main' && rule === 'belfry canary');
  await receiver.until(({ title }) => title === 'Channel main: the canary was not delivered');
  expect(await reasons()).toContainEqual(expect.stringMatching(/^channel main: no canary was confirmed since /));
  expect((await home.belfry(['status'])).stdout).toContain('no canary was confirmed');
  expect((await home.call<string>('GET', '/metrics')).body).toContain(
    'belfry_canaries_total{channel="main",result="missed"} 1',
  );
  expect(await deliveries('?rule=belfry%20canary')).toMatchObject([{ channel: 'main', state: 'dead' }]);
  await audited();

  await home.kill();
  await home.start();
  await expect.poll(reasons, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/^channel main: no canary/));
  receiver.statuses.set('main', 200);
  await post({ type: 't' });
  await receiver.until(({ title }) => title === 'Channel main works again');
  expect(await reasons()).toEqual([]);
  // Neither the restart nor the recovery has sent another canary or alarm, and no rule of the user got one.
  expect(receiver.deliveries().map(({ channel, rule }) => `${channel} ${rule}`)).toEqual([
    'main belfry canary',
    'spare belfry canary alarm',
    'main all',
    'spare belfry canary alarm',
  ]);
  await audited();
  expect((await home.belfry(['audit'])).code).toBe(0);
});
