import { expect, test } from 'vitest';
import { openFixture } from '../support/daemon-fixture.ts';
import { openTestServer } from '../support/test-server.ts';

test('a message with a `replace_key` updates the earlier one, also after a restart', async ({ onTestFinished }) => {
  const { home, post, audited } = await openFixture(onTestFinished);
  const slack = await openTestServer();
  onTestFinished(() => slack.close());
  slack.answer({ body: { ok: true, channel: 'C0123ABC', ts: '1.1' } });
  await home.rules(`channels:
  ops: { type: slack, token: xoxb-1234567890, channel: C0123ABC, api: "${slack.origin}" }
rules:
  - { name: disk, on: api, notify: ops, message: { title: "{{ data.text }}", replace_key: disk } }
`);
  await home.start();
  await post({ type: 'disk', data: { text: 'full' } });
  await slack.arrived(1);
  await expect
    .poll(
      async () =>
        (await home.call<{ deliveries: { delivered: number } }>('GET', '/v1/status')).body.deliveries.delivered,
    )
    .toBe(1);
  await home.stop();
  await home.start();
  await post({ type: 'disk', data: { text: 'has space' } });
  await slack.arrived(2);
  expect(slack.requests.map(({ path, json }) => [path, (json as { ts?: string }).ts])).toEqual([
    ['/api/chat.postMessage', undefined],
    ['/api/chat.update', '1.1'],
  ]);
  await audited();
});
