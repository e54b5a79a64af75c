import { expect, onTestFinished, test } from 'vitest';
import { openFixture } from '../support/daemon-fixture.ts';

interface TestAnswer {
  readonly ok: boolean;
  readonly rule: string;
  readonly event: string;
  readonly messages: readonly { readonly title: string }[];
  readonly code: string;
  readonly detail: string;
}

const RULES = `rules:
  - name: disk
    match: { type: disk }
    if: data.used > 90
    key: '{{ data.host }}'
    dedupe: 1h
    resolve: { match: { type: ok } }
    message: { title: 'Disk {{ data.host | upcase }}: {{ data.used }} %', priority: high }
    notify: [ops]
`;

test('a test with a rule and a past event sends what the rule sends, and changes nothing for the events that follow', async () => {
  const { home, receiver, channel, post, outcomes, audited } = await openFixture(onTestFinished);
  await home.rules(channel + RULES);
  await home.start();
  const low = await post({ type: 'disk', data: { host: 'db1', used: 10 } });
  const high = { type: 'disk', data: { host: 'db1', used: 95 } };
  const send = (body: object) => home.call<TestAnswer>('POST', '/v1/channels/ops/test', body);

  const tested = await send({ rule: 'disk', event: high });
  expect(tested.body).toMatchObject({
    ok: true,
    rule: 'disk',
    messages: [{ title: 'Disk DB1: 95 %', priority: 'high' }],
  });
  const id = await post(high);
  await receiver.until(({ rule, key }) => rule === 'disk' && key === 'db1');
  expect(await outcomes(id)).toEqual({ disk: 'notified' });
  expect((await send({ rule: 'disk', id })).body).toMatchObject({ ok: true, event: id });
  expect((await send({ rule: 'disk', event: { type: 'ok', data: { host: 'db1' } } })).body).toMatchObject({ ok: true });

  const sent = receiver.deliveries().map(({ rule, key, status, title }) => [rule, key, status, title]);
  expect(sent.slice(0, 3)).toEqual([
    ['disk', 'test:db1', 'firing', 'Disk DB1: 95 %'],
    ['disk', 'db1', 'firing', 'Disk DB1: 95 %'],
    ['disk', 'test:db1', 'firing', 'Disk DB1: 95 %'],
  ]);
  expect(sent[3]!.slice(0, 3)).toEqual(['disk', 'test:db1', 'resolved']);
  const { body: alerts } = await home.call<{ alerts: object[] }>('GET', '/v1/alerts');
  expect(alerts.alerts).toMatchObject([{ rule: 'disk', key: 'db1' }]);

  expect((await send({ rule: 'disk', id: low })).body).toMatchObject({
    code: 'test.no_match',
    detail: expect.stringContaining('`if` is false') as unknown,
  });
  const { body: history } = await home.call<{ events: object[] }>('GET', '/v1/events?type=belfry.channel.tested');
  expect(history.events).toHaveLength(3);
  await audited();
});
