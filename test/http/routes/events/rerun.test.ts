import { expect, test } from 'vitest';
import { openTestListener, post } from '../../../support/listener.ts';

const REFUSED = [
  [{}, ''],
  [{ ids: ['e-1'], filter: {} }, ''],
  [{ ids: [] }, '/ids'],
  [{ ids: [7] }, '/ids'],
  [{ filter: 'no_match' }, '/filter'],
  [{ filter: { outcom: 'no_match' } }, '/filter/outcom'],
  [{ filter: { outcome: 'sometimes' } }, '/filter/outcome'],
  [{ filter: { limit: '7' } }, '/filter/limit'],
  [{ filter: {}, plan: 'yes' }, '/plan'],
  [{ filter: {}, all: true }, '/all'],
] as const;

test('a request for a rerun with a wrong field is refused at that field, and nothing runs', async () => {
  const to = await openTestListener();
  for (const [body, pointer] of REFUSED) {
    const answer = await post(to, '/v1/events/rerun', body);
    expect([body, answer.status, answer.json]).toEqual([
      body,
      400,
      expect.objectContaining({ code: 'rerun.request', pointer }),
    ]);
  }
  expect(to.daemon.calls).toEqual([]);
});
