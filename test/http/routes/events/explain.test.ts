import { expect, test } from 'vitest';
import type { Explanation } from '../../../../daemon/core/explain/explain.ts';
import { ask, openTestListener, post } from '../../../support/listener.ts';

const EXPLANATION: Explanation = {
  event: { id: 'e-1', source: 'api', type: 't', time: '2026-11-23T09:00:00.000Z', data: { token: 'hunter22' } },
  at: '2026-11-23T09:00:00.000Z',
  rules: [
    {
      rule: 'r',
      outcome: 'no_match',
      reason: 'data.x is missing, and must be 1',
      conditions: [
        { path: 'data.x', operator: 'equals', expected: 1, actual: null, holds: false, missing: true },
        { path: 'data.token', operator: 'equals', expected: 'hunter22', actual: 'hunter22', holds: true },
      ],
      sends: [],
    },
  ],
};

test('scope `read` may explain an event, and secrets are not shown', async () => {
  const to = await openTestListener();
  to.daemon.onExplain = async () => EXPLANATION;
  to.scrubber.add('hunter22');
  const body = { event: { type: 't', data: { n: 1 } }, rule: 'r', at: '2026-11-23T10:00:00+01:00' };
  const answer = await post(to, '/v1/explain', body, { token: 'read-token' });
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual(JSON.parse(JSON.stringify(EXPLANATION).replaceAll('hunter22', '***')));
  expect(to.daemon.explained).toEqual([
    { event: { type: 't', data: { n: 1 } }, rule: 'r', at: Date.parse('2026-11-23T09:00:00Z') },
  ]);
  for (const [token, status] of [
    ['emit-token', 403],
    ['nobody', 401],
  ] as const)
    expect((await post(to, '/v1/explain', body, { token })).status).toBe(status);
});

test('a past event is named by its id', async () => {
  const to = await openTestListener();
  to.daemon.onExplain = async ({ id }) => (id === 'e-1' ? EXPLANATION : undefined);
  expect((await post(to, '/v1/explain', { id: 'e-1' })).json).toEqual(EXPLANATION);
  expect((await post(to, '/v1/explain', { event: 'e-1' })).json).toEqual(EXPLANATION);
  expect(await post(to, '/v1/explain', { id: 'e-2' })).toMatchObject({ status: 404, json: { code: 'event.none' } });
});

test('an unknown rule is 404 and not an empty answer', async () => {
  const to = await openTestListener();
  to.daemon.onExplain = async () => ({ ...EXPLANATION, rules: [] });
  expect(await post(to, '/v1/explain', { id: 'e-1', rule: 'x' })).toMatchObject({
    status: 404,
    json: { code: 'rule.none' },
  });
  expect((await post(to, '/v1/explain', { id: 'e-1' })).status).toBe(200);
});

test.each<[unknown, string]>([
  [[], 'JSON object'],
  [{}, 'either `event` or `id`'],
  [{ id: 'e-1', event: { type: 't' } }, 'either `event` or `id`'],
  [{ id: 1 }, '`id` is not text'],
  [{ id: 'e-1', rule: '' }, '`rule` is not text'],
  [{ id: 'e-1', at: 'tomorrow' }, '`at` is not an RFC 3339 time'],
  [{ id: 'e-1', at: '2026-11-23' }, '`at` is not an RFC 3339 time'],
  [{ id: 'e-1', at: '2026-13-41T00:00:00Z' }, '`at` is not an RFC 3339 time'],
  [{ id: 'e-1', rule_: 'r' }, 'no field `rule_`'],
  [{ id: 'e-1', rules: ['r'] }, '`rules` is the text of a rules file'],
  [{ id: 'e-1', rules: 'r', base: 1 }, '`base` is true or false'],
  [{ id: 'e-1', base: true }, 'there are no `rules`'],
])('%j is refused', async (body, detail) => {
  const to = await openTestListener();
  expect((await post(to, '/v1/explain', body)).json).toMatchObject({
    status: 400,
    code: 'explain.request',
    detail: expect.stringContaining(detail),
  });
  expect(to.daemon.explained).toEqual([]);
});

test('a value that is not an event is refused with a pointer', async () => {
  const to = await openTestListener();
  expect((await post(to, '/v1/explain', { event: { data: 1 } })).json).toMatchObject({
    status: 400,
    code: 'explain.event',
    pointer: '/event/type',
  });
  expect((await post(to, '/v1/explain', { event: { type: 't', time: 'now' } })).json.pointer).toBe('/event/time');
  expect((await post(to, '/v1/explain', '{')).json.code).toBe('body.not_json');
  const deep = `{"event":{"type":"t","data":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
  expect((await post(to, '/v1/explain', deep)).json.code).toBe('body.too_deep');
});

test('an unknown field is refused with a pointer', async () => {
  const to = await openTestListener();
  expect((await post(to, '/v1/explain', { id: 'e-1', text: 'r' })).json.pointer).toBe('/text');
  expect((await post(to, '/v1/channels/ops/test', { rul: 'disk', id: 'e-1' })).json).toMatchObject({
    detail: expect.stringContaining('no field `rul`'),
    pointer: '/rul',
  });
});

test('the description of the API contains the route', async () => {
  const to = await openTestListener();
  const { paths } = (await ask(to, '/openapi.json')).json;
  expect(paths['/v1/explain'].post).toMatchObject({ description: 'Scope `read`.', responses: { 404: {} } });
});
