import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { StatusView } from '../../daemon/http/daemon-api.ts';
import { openFixture } from '../support/daemon-fixture.ts';

const LIMIT = 20;

/** Group bots as WeCom has them: each takes 20 messages, which is all within the minute of a test, and one was removed from its group. */
async function openBots(onEnd: (close: () => Promise<void>) => void) {
  const taken = new Map<string, string[]>();
  const refused: string[] = [];
  let onTaken = (): void => undefined;
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const key = new URL(request.url!, 'http://bots').searchParams.get('key')!;
      const { content } = (JSON.parse(await text(request)) as { text: { content: string } }).text;
      const messages = taken.get(key) ?? [];
      const errcode = key === 'removed' ? 93000 : messages.length >= LIMIT ? 45009 : 0;
      if (errcode === 0) taken.set(key, [...messages, content]);
      else refused.push(`${key} ${errcode}`);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ errcode, errmsg: errcode === 0 ? 'ok' : 'refused' }));
      onTaken();
    };
    answer().catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    refused,
    until: (isOver: () => boolean) =>
      new Promise<void>((resolve) => {
        onTaken = () => (isOver() ? resolve() : undefined);
        onTaken();
      }),
  };
}

test('several bots share a burst: none gets more than its limit, a removed one stops nothing, and the surplus waits', async ({
  onTestFinished,
}) => {
  const { home, post, audited } = await openFixture(onTestFinished);
  const bots = await openBots(onTestFinished);
  await home.rules(`channels:
  ops: { type: wecom, keys: [one, removed, two], api: "${bots.origin}" }
rules:
  - { name: all, on: api, notify: ops, message: { title: "{{ data.number }}" } }
`);
  await home.start();
  for (let number = 0; number < 50; number += 1) await post({ type: 'alert', data: { number } });
  await bots.until(() => bots.refused.length >= 3);
  expect([bots.taken.get('one')?.length, bots.taken.get('two')?.length]).toEqual([LIMIT, LIMIT]);
  // Messages that were sent at the same time met the removed bot before its refusal was known.
  expect(bots.refused.filter((one) => one.startsWith('removed')).length).toBeLessThanOrEqual(4);
  const status = async (): Promise<StatusView> => (await home.call<StatusView>('GET', '/v1/status')).body;
  await expect.poll(async () => (await status()).deliveries).toMatchObject({ delivered: 40, pending: 10, dead: 0 });
  expect((await status()).reasons).toEqual([expect.stringContaining('channel ops is failing: resting until')]);
  await audited();
});

test('a rule with `digest` makes one message of a burst that is larger than the limit of a bot', async ({
  onTestFinished,
}) => {
  const { home, post, audited } = await openFixture(onTestFinished);
  const bots = await openBots(onTestFinished);
  await home.rules(`channels:
  ops: { type: wecom, key: one, api: "${bots.origin}" }
rules:
  - name: all
    on: api
    key: all
    digest: { wait: 1h, max: 50 }
    notify: ops
    message: { title: "{{ count }} alerts", body: "{% for event in events %}{{ event.data.number }} {% endfor %}" }
`);
  await home.start();
  for (let number = 0; number < 50; number += 1) await post({ type: 'alert', data: { number } });
  await bots.until(() => bots.taken.size > 0);
  const numbers = Array.from({ length: 50 }, (_, number) => number).join(' ');
  expect(bots.taken.get('one')).toEqual([`50 alerts\n${numbers}`]);
  expect(bots.refused).toEqual([]);
  await audited();
});
