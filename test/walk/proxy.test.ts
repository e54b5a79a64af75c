import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { ChannelView, DeliveryView } from '../../daemon/http/daemon-api.ts';
import { Home } from '../support/daemon.ts';
import { openProxyServer } from '../support/proxy-server.ts';
import { openTestServer } from '../support/test-server.ts';

test('a proxy that refuses the login stops the channel, shows no password, and a corrected `daemon.proxy` releases it', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const server = await openTestServer();
  onTestFinished(() => server.close());
  const proxy = await openProxyServer({ login: 'belfry:right-horse-7' });
  onTestFinished(() => proxy.close());
  const rules = `channels: { ops: { type: webhook, url: "${server.origin}/hook" } }
rules: [{ name: all, on: api, notify: ops }]
`;
  home.env.HTTP_PROXY = `belfry:wrong-horse-7@127.0.0.1:${proxy.port}`;
  await home.rules(rules, 'rules.yaml', '  proxy: env\n');
  await home.start();
  await home.call('POST', '/v1/events', { type: 'a', source: 'test' });
  const channel = async (): Promise<ChannelView> =>
    (await home.call<{ channels: ChannelView[] }>('GET', '/v1/channels')).body.channels[0]!;
  await expect.poll(async () => (await channel()).state).toBe('misconfigured');
  await expect
    .poll(() => home.deadLetters())
    .toMatchObject([{ class: 'permanent', error: { code: 'proxy.407', status: 407 } }]);
  await home.call('POST', '/v1/events', { type: 'b', source: 'test' });

  await home.rules(rules, 'rules.yaml', `  proxy: "http://belfry:right-horse-7@127.0.0.1:${proxy.port}"\n`);
  await server.arrived(1);
  expect(server.requests[0]!.path).toBe('/hook');
  const { deliveries } = (await home.call<{ deliveries: DeliveryView[] }>('GET', '/v1/deliveries')).body;
  const shown = JSON.stringify([
    home.lines,
    home.output,
    deliveries,
    await channel(),
    await readFile(home.path('state', 'dead-letters.jsonl'), 'utf8'),
  ]);
  expect(shown).toContain('refused by the proxy');
  for (const password of ['wrong-horse-7', 'right-horse-7']) {
    expect(shown).not.toContain(password);
    expect(shown).not.toContain(Buffer.from(`belfry:${password}`).toString('base64'));
  }
  expect(await home.stop()).toBe(0);
});
