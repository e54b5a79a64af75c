import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExchangeMask } from '../../../../../daemon/channels/kit/http/exchange/mask.ts';
import {
  ExchangeRecord,
  type ReceivedAnswer,
  type SentRequest,
} from '../../../../../daemon/channels/kit/http/exchange/record.ts';
import { Scrubber } from '../../../../../daemon/lib/secrets/scrubber.ts';
import { Secret } from '../../../../../daemon/lib/secrets/secret.ts';

/** Exchange of a channel with these settings, whose scrubber knows these secrets. */
function exchangeOf(
  settings: unknown,
  request: SentRequest,
  answer?: Partial<ReceivedAnswer>,
  known: readonly string[] = [],
) {
  const record = new ExchangeRecord();
  record.sent(request);
  if (answer !== undefined) record.answered(request, { status: 200, headers: {}, text: '', ...answer });
  const scrubber = new Scrubber();
  for (const secret of known) scrubber.add(secret);
  return new ExchangeMask(settings).exchangeOf(record, scrubber)!;
}

const json = (body: object): SentRequest => ({
  url: 'https://api.example/send',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

test('an attempt that sent nothing has no exchange', () => {
  expect(new ExchangeMask({}).exchangeOf(new ExchangeRecord(), new Scrubber())).toBeUndefined();
});

test('a request without an answer is kept, and of several requests the last one', () => {
  const record = new ExchangeRecord();
  const [first, last] = [{ url: 'https://a.example/1' }, { url: 'https://a.example/2' }];
  record.sent(first);
  record.sent(last);
  record.answered(first, { status: 200, headers: {}, text: '' });
  expect(new ExchangeMask({}).exchangeOf(record, new Scrubber())).toEqual({
    request: { method: 'POST', url: 'https://a.example/2', headers: {} },
    requests: 2,
  });
});

test.each([
  [
    { url: new Secret('https://a.example/hooks/ab/c?x=y') },
    'https://a.example/hooks/ab/c?x=y',
    'https://a.example/***',
  ],
  [
    { url: new Secret('https://a.example/hooks/ab/') },
    'https://b.example/hooks/ab/more?wait=1',
    'https://b.example/***',
  ],
  [{ url: new Secret('/hooks/ab') }, 'https://b.example/v1/hooks/ab', 'https://b.example/***'],
  [{ url: new Secret('https://a.example/?id=1') }, 'https://a.example/?id=1', 'https://a.example/***'],
  [{ url: new Secret('unix:/run/app.sock:/hooks/ab') }, 'unix:/run/app.sock:/hooks/ab', 'unix:/run/app.sock:/***'],
  [{ proxy: new Secret('http://u:p@proxy.example:3128') }, 'https://a.example/v1/send', 'https://a.example/v1/send'],
  [{}, 'https://ann:pass@a.example/v1/send?key=abc&page=2', 'https://a.example/v1/send?key=***&page=2'],
  [{ key: new Secret('ab1') }, 'https://a.example/ab1/send?id=ab1', 'https://a.example/***/send?id=***'],
])('settings %j: the address %s is stored as %s', (settings, url, stored) => {
  expect(exchangeOf(settings, { url }).request.url).toBe(stored);
});

test('headers of credentials and those that the settings give are masked, and others are not', () => {
  const { request, answer } = exchangeOf(
    { headers: { 'X-Team': 'blue', 'Content-Type': 'text/plain' }, pin: new Secret('42') },
    {
      url: 'https://a.example/',
      headers: {
        'content-type': 'text/plain',
        'X-Team': 'blue',
        authorization: 'Bearer abcdef',
        'webhook-signature': 'v1,abcdef',
        'x-pin': '42',
        'idempotency-key': 'd-1',
      },
    },
    {
      headers: {
        'set-cookie': 'a=b',
        location: 'https://ann:pass@b.example/x?token=abcdef',
        server: 'nginx',
        connection: 'close',
      },
    },
  );
  expect(request.headers).toEqual({
    'content-type': 'text/plain',
    'x-team': '***',
    authorization: 'Bearer ***',
    'webhook-signature': '***',
    'x-pin': '***',
    'idempotency-key': 'd-1',
  });
  expect(answer!.headers).toEqual({ 'set-cookie': '***', location: 'https://b.example/x?token=***', server: 'nginx' });
});

test('fields of credentials in JSON and in forms are masked, also where the value is short or a number', () => {
  const settings = { key: new Secret('ab1') };
  expect(
    exchangeOf(settings, json({ token: 'x1', chat_id: 7, key: 'db1', deep: [{ password: 99, other: 'ab1' }] })).request
      .body,
  ).toBe('{"token":"***","chat_id":7,"key":"db1","deep":[{"password":"***","other":"***"}]}');
  expect(
    exchangeOf(settings, {
      url: 'https://a.example/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'token=x1&chat_id=7&text=a+b&user=ab1',
    }).request.body,
  ).toBe('token=***&chat_id=7&text=a+b&user=***');
  expect(exchangeOf({}, json({}), { text: '{"access_token":"abc","expires_in":7200}' }).answer!.body).toBe(
    '{"access_token":"***","expires_in":7200}',
  );
});

test('a body without credentials stays as it was sent', () => {
  const body = '{ "text" : "signal passed; author=ann",  "n": 1.0 }';
  expect(exchangeOf({}, { ...json({}), body }).request.body).toBe(body);
});

test('a long body is cut with its size, and no part of a secret stays at the cut', () => {
  const secret = 'kx83jd02-long-secret';
  fc.assert(
    fc.property(fc.integer({ min: 16_300, max: 17_500 }), (before) => {
      const { request } = exchangeOf(
        {},
        { ...json({}), body: `{"text":"${'x'.repeat(before)}${secret.repeat(100)}"}` },
        undefined,
        [secret],
      );
      expect(request.body_bytes).toBe(before + 2000 + 11);
      expect(Buffer.byteLength(request.body!)).toBeLessThanOrEqual(16 * 1024);
      expect(request.body).toMatch(/… \(\+\d+ bytes\)$/);
      expect(request.body).not.toContain('kx8');
    }),
    { numRuns: 50 },
  );
  const { answer } = exchangeOf({}, json({}), { text: '漢'.repeat(3000) });
  expect(answer).toMatchObject({ body_bytes: 9000, body: expect.stringMatching(/^漢{1300,1365}… \(\+\d+ bytes\)$/) });
  expect(Buffer.byteLength(answer!.body!)).toBeLessThanOrEqual(4 * 1024);
});

test('a credential in JSON that was cut is masked, too', () => {
  const body = `{"token":"abcdef","text":"${'x'.repeat(20_000)}"}`;
  expect(exchangeOf({}, { ...json({}), body }).request.body).toMatch(/^\{"token":"\*\*\*","text":"xxx/);
});

test('bytes that are no text are described', () => {
  expect(exchangeOf({}, { url: 'https://a.example/', body: Buffer.from([0xff, 0xfe, 0]) }).request.body).toBe(
    '[3 bytes that are no text]',
  );
});

test('an answer that differs from the one before in any part is masked anew', () => {
  const mask = new ExchangeMask({});
  const first: ReceivedAnswer = { status: 200, headers: { a: '1' }, text: 'ok' };
  const answers = [first, { ...first }, { ...first, status: 201 }, { ...first, text: 'other' }];
  const others = [
    { ...first, headers: { a: '2' } },
    { ...first, headers: { a: '1', b: '2' } },
    { ...first, headers: {} },
  ];
  for (const answer of [...answers, ...others, first]) {
    const record = new ExchangeRecord();
    const request = { url: 'https://a.example/' };
    record.sent(request);
    record.answered(request, answer);
    const { status, headers, text: body } = answer;
    expect(mask.exchangeOf(record, new Scrubber())?.answer).toEqual({ status, headers, body });
  }
});
