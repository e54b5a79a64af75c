import { expect, test } from 'vitest';
import { ask, openTestListener, post } from '../../../support/listener.ts';

const FINDING = { check: 'disk.room', level: 'fail', message: 'no room', mend: 'free some' } as const;

test('POST /v1/doctor answers the findings of the daemon, with secrets masked', async () => {
  const to = await openTestListener();
  to.daemon.findings = [{ ...FINDING, message: 'no room for sesame-sesame' }];
  to.scrubber.add({ value: 'sesame-sesame', role: 'reference', name: '' });
  const { status, json } = await post(to, '/v1/doctor', {});
  expect(status).toBe(200);
  expect(json).toEqual({ ok: false, findings: [{ ...FINDING, message: 'no room for ***' }] });
});

test('scope `read` may not examine the machine', async () => {
  const to = await openTestListener();
  expect((await ask(to, '/v1/doctor', { method: 'POST', token: 'read-token' })).status).toBe(403);
});

test('the answer of a person is stored for a channel that exists', async () => {
  const to = await openTestListener();
  const { status, json } = await post(to, '/v1/channels/ops/seen', { seen: false });
  expect([status, json]).toEqual([200, { channel: 'ops', seen: false }]);
  const unknown = await post(to, '/v1/channels/nobody/seen', { seen: true });
  expect([unknown.status, unknown.json]).toEqual([
    404,
    expect.objectContaining({ detail: expect.stringContaining('there is no channel of this name; ') }),
  ]);
  expect(to.daemon.calls).toEqual(['seen ops false', 'seen nobody true']);
});

test.each([{}, { seen: 'yes' }, { seen: true, by: 'ann' }, []])('the body %j is refused', async (body) => {
  const to = await openTestListener();
  const { status, json } = await post(to, '/v1/channels/ops/seen', body);
  expect([status, json.code]).toEqual([400, 'channel.seen']);
  expect(to.daemon.calls).toEqual([]);
});
