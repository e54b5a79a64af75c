import { expect, test } from 'vitest';
import { ask, openTestListener } from '../../../support/listener.ts';
import { SAMPLE_DELIVERY, SAMPLE_EVENT, tokenOf } from '../../../support/recorded-daemon.ts';

async function opened() {
  const to = await openTestListener();
  to.daemon.known = [tokenOf('reader', 'read-token', 'read'), tokenOf('writer', 'emit-token', 'emit')];
  const get = (path: string, token = 'read-token') => ask(to, path, { token });
  return { to, get };
}

test('past events and deliveries come a page at a time, with the cursor of the next page or null', async () => {
  const { get } = await opened();
  expect((await get('/v1/events')).json).toEqual({ events: [SAMPLE_EVENT], next: 'more' });
  expect((await get('/v1/deliveries')).json).toEqual({ deliveries: [SAMPLE_DELIVERY], next: null });
});

test('every filter reaches the daemon', async () => {
  const { to, get } = await opened();
  await get(
    '/v1/events?since=2h&until=2026-11-23T09:00:00Z&source=api&type=a.*&rule=r&outcome=throttled&key=a%2Fb&text=No%20space&limit=7&order=asc&cursor=c',
  );
  await get('/v1/deliveries?event=e-1&channel=ops&state=dead,held');
  expect(to.daemon.asked).toEqual([
    {
      since: { ago: 7_200_000 },
      until: { at: Date.parse('2026-11-23T09:00:00Z') },
      source: 'api',
      type: 'a.*',
      rule: 'r',
      outcome: 'throttled',
      key: 'a/b',
      text: 'No space',
      limit: 7,
      order: 'asc',
      cursor: 'c',
    },
    { event: 'e-1', channel: 'ops', states: ['dead', 'held'], limit: 50, order: 'desc' },
  ]);
});

test.each([
  ['/v1/events?sorce=api', 'sorce'],
  ['/v1/events?channel=ops', 'channel'],
  ['/v1/events?rule=a&rule=b', 'rule'],
  ['/v1/events?since=yesterday', 'since'],
  ['/v1/events?until=2026-13-40', 'until'],
  ['/v1/events?limit=0', 'limit'],
  ['/v1/events?limit=1001', 'limit'],
  ['/v1/events?limit=many', 'limit'],
  ['/v1/events?order=random', 'order'],
  ['/v1/deliveries?state=dead,lost', 'state'],
  ['/v1/deliveries?outcome=notified', 'outcome'],
  ['/v1/events?type=[*', 'type'],
  ['/v1/deliveries?type=!*', 'type'],
])('%s is refused by the name of the parameter', async (path, parameter) => {
  const { get } = await opened();
  const { status, json } = await get(path);
  expect([status, json]).toMatchObject([400, { code: 'query.invalid', parameter }]);
});

test('history needs the scope `read`', async () => {
  const { get } = await opened();
  expect((await get('/v1/events', 'emit-token')).status).toBe(403);
  expect((await get('/v1/deliveries', 'wrong')).status).toBe(401);
});
