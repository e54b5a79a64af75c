import { expect, onTestFinished, test } from 'vitest';
import type { DeliveryView } from '../../../daemon/http/daemon-api.ts';
import { Home } from '../../support/daemon.ts';
import { openTestServer } from '../../support/test-server.ts';

test('a delivery that waits shows its last request and answer without secrets, and is sent at once on request', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const server = await openTestServer();
  onTestFinished(() => server.close());
  server.answer({ status: 503, headers: { 'x-trace': 't-1' }, body: 'overloaded: kx83jd02secret' });
  await home.rules(`channels:
  ops:
    type: webhook
    url: ${server.origin}/hooks/kx83jd02secret
    headers: { X-Team: blue team, Authorization: Bearer Zz9-token-71 }
    delivery: { retry: [1h] }
rules:
  - { name: disk, match: { type: disk }, notify: ops, message: { title: disk full } }
`);
  await home.start();
  await home.call('POST', '/v1/events', { type: 'disk' });
  const view = async () =>
    (await home.call<{ deliveries: DeliveryView[] }>('GET', '/v1/deliveries')).body.deliveries[0]!;
  await expect.poll(async () => (await view()).attempts.length).toBe(1);
  const { id } = await view();

  const { body: shown } = await home.call<DeliveryView>('GET', `/v1/deliveries/${id}`);
  expect(shown).toMatchObject({
    state: 'pending',
    attempts: [{ class: 'transient', code: 'http.503', meaning: expect.stringContaining('tried again') }],
    request: {
      method: 'POST',
      url: `${server.origin}/***`,
      headers: { 'x-team': '***', authorization: 'Bearer ***', 'idempotency-key': id },
      body: expect.stringContaining('"title":"disk full"'),
    },
    answer: { status: 503, headers: { 'x-trace': 't-1' }, body: 'overloaded: ***' },
  });
  const { stdout } = await home.belfry(['deliveries', id]);
  expect(stdout).toContain('    POST http');
  expect(stdout).toContain('overloaded: ***');
  expect(stdout + JSON.stringify(shown)).not.toMatch(/kx83jd02|Zz9-token|blue team/);

  server.answer({ status: 200, body: 'thanks' });
  expect(await home.belfry(['deliveries', id, '--retry', '--json'])).toMatchObject({ code: 0 });
  await expect.poll(async () => (await view()).state).toBe('delivered');
  expect((await home.call<DeliveryView>('GET', `/v1/deliveries/${id}`)).body).toMatchObject({
    answer: { status: 200, body: 'thanks' },
  });
  const again = await home.call('POST', `/v1/deliveries/${id}/retry`);
  expect(again).toMatchObject({ status: 409, body: { code: 'delivery.ended', state: 'delivered' } });
  expect((await home.belfry(['deliveries', '--retry'])).code).toBe(2);
});
