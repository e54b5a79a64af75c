import { describe, expect, test } from 'vitest';
import { webhook } from '../../../daemon/channels/webhook/webhook.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';

const success = {
  status: ['200-299', 409],
  json: { errcode: 0, 'result.state': ['ok', 'queued'], 'items.0.ok': true },
};
const GOOD = { errcode: 0, result: { state: 'queued' }, items: [{ ok: true }] };
const channel = useHttpChannel(webhook, {
  settings: (origin) => ({ url: `${origin}/hook`, success }),
  success: { body: GOOD },
});

describe('`success` with fields of the answer', () => {
  test.each([200, 409])('accepts an answer with status %i that has them', async (status) => {
    channel.sink().answer({ status, body: GOOD });
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ status });
  });

  test.each([
    [{ ...GOOD, errcode: 93000 }, '`errcode` of the answer is 93000: not what `success` wants'],
    [{ ...GOOD, errcode: '0' }, '`errcode` of the answer is "0": not what `success` wants'],
    [
      { ...GOOD, result: 'ok', items: [] },
      '`result.state` of the answer is missing, `items.0.ok` of the answer is missing: not what `success` wants',
    ],
    [{ ...GOOD, result: { state: {} } }, '`result.state` of the answer is a map: not what `success` wants'],
    [[], '`errcode` of the answer is missing, '],
  ])('refuses other answers and says what differs: %j', async (body, message) => {
    expect(await channel.failure({ body })).toMatchObject({
      class: 'permanent',
      code: 'webhook.answer',
      message: expect.stringContaining(message) as string,
      detail: { status: 200, body: JSON.stringify(body) },
    });
  });

  test('does not know the outcome of an answer that is not JSON', async () => {
    const failure = await channel.failure({ body: '<html>Log in</html>' });
    expect(failure).toMatchObject({ class: 'unknown', code: 'webhook.unreadable' });
  });

  test('leaves other statuses their meaning', async () => {
    expect(await channel.failure({ status: 503, body: GOOD })).toMatchObject({ class: 'transient', code: 'http.503' });
  });

  test('accepts every 2xx without `status`', async () => {
    channel.sink().answer({ status: 202, body: { ok: true } });
    const open = channel.open({ success: { json: { ok: true } } });
    expect(await open.send(sampleMessage(), sampleIo())).toMatchObject({ status: 202 });
  });
});

test.each([
  [{ status: '299-200' }, '/success/status/0: this range ends before it begins'],
  [{ json: { 'a..b': 1 } }, '/success/json/a..b: this is not a path in the answer'],
  [{ json: { a: { b: 1 } } }, '/success'],
  [{ body: {} }, '/success'],
])('`success` has a problem at load: %j', (wrong, problem) => {
  const { problems } = readSettings(webhook, { url: 'https://example.com/', success: wrong });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(problem);
});
