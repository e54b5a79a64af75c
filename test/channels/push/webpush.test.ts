import { expect, onTestFinished, test } from 'vitest';
import { newVapidKeys } from '../../../daemon/channels/kit/signing/vapid.ts';
import { encrypt } from '../../../daemon/channels/push/webpush/encryption.ts';
import { webpush } from '../../../daemon/channels/push/webpush/webpush.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { TestBrowser, vapidClaims } from '../../support/push-service.ts';
import { openTestServer } from '../../support/test-server.ts';
import { CONTACT, keys, type Payload, subscriptionsOf } from './webpush.contract.ts';

const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64url');

test('the message of RFC 8291, section 5, is encrypted as it is there', () => {
  const message = encrypt(
    Buffer.from('When I grow up, I want to be a watermelon'),
    {
      p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
      auth: 'BTBZMqHH6r4Tts7J_aSIgg',
    },
    {
      salt: fromBase64('DGv6ra1nlYgDCS1FRnbzlw'),
      privateKey: fromBase64('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'),
    },
  );
  expect(message.toString('base64url')).toBe(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
});

test('every key pair is whole, also one whose scalar begins with zeros', () => {
  for (let count = 0; count < 600; count += 1) expect(fromBase64(newVapidKeys().privateKey)).toHaveLength(32);
});

/** Users with one browser each, at a push service on the loopback. */
async function opened(...users: readonly string[]) {
  const service = await openTestServer();
  const http = openHttpClient();
  service.answer({ status: 201 });
  onTestFinished(async () => {
    await http.close();
    await service.close();
  });
  const browsers = new Map(users.map((user) => [user, new TestBrowser()]));
  const { subscriptions, ended } = subscriptionsOf(
    Object.fromEntries(
      [...browsers].map(([user, browser]) => [user, [browser.subscription(`${service.origin}/${user}`)]]),
    ),
  );
  const tools = channelTools({ http, subscriptions });
  const notifier = webpush.open(decodeSettings(webpush, { to: [...users], contact: CONTACT }), tools);
  const payloadOf = (index: number): Payload => {
    const { path, bytes } = service.requests[index]!;
    return JSON.parse(browsers.get(path.slice(1))!.decrypt(bytes)) as Payload;
  };
  const send = (message: Partial<Message>) => notifier.send(sampleMessage(message), sampleIo());
  return { service, notifier, ended, payloadOf, send };
}

test('a message is encrypted for the browser, and proves who sends it', async () => {
  const { service, send, payloadOf } = await opened('alice');
  expect(await send({ title: 'Disk full', body: 'web-1', priority: 'urgent', ttl: '1h', replace_key: 'disk' })).toEqual(
    {
      status: 201,
      answer: '',
    },
  );
  const [request] = service.requests;
  expect(request).toMatchObject({
    method: 'POST',
    path: '/alice',
    headers: { 'content-encoding': 'aes128gcm', ttl: '3600', urgency: 'high' },
  });
  expect(request!.headers.topic).toMatch(/^[\w-]{32}$/);
  expect(request!.bytes.length).toBeLessThanOrEqual(4096);
  expect(vapidClaims(request!)).toEqual({
    claims: { aud: service.origin, exp: expect.any(Number) as number, sub: CONTACT },
    key: keys.publicKey,
  });
  expect(payloadOf(0)).toMatchObject({
    web_push: 8030,
    notification: { title: 'Disk full', body: 'web-1', require_interaction: true, silent: false },
  });
});

test('links and buttons open http and https only', async () => {
  const { send, payloadOf } = await opened('alice');
  await send({
    link: 'https://example.com/a',
    actions: [
      { label: 'Graph', url: 'https://example.com/b' },
      { label: 'Bad', url: 'javascript:alert(1)' },
    ],
  });
  expect(payloadOf(0).notification).toMatchObject({
    navigate: 'https://example.com/a',
    actions: [{ action: '0', title: 'Graph', navigate: 'https://example.com/b' }],
  });
});

test('each user gets it, and a browser that is gone is forgotten and fails nobody else', async () => {
  const { service, send, ended } = await opened('alice', 'bob');
  service.answer({ status: 410 }, { status: 201 });
  expect(await send({})).toMatchObject({ answer: expect.stringMatching(/^refused: alice [\da-f]{8}: /) as string });
  expect(ended).toEqual([`${service.origin}/alice`]);
  await send({});
  expect(service.requests.map(({ path }) => path)).toEqual(['/alice', '/bob', '/bob']);
});

test('the server of one browser stops or pauses nobody else', async () => {
  const { service, notifier } = await opened('alice', 'bob');
  service.answer({ status: 429, headers: { 'retry-after': '86400' } }, { status: 301 }, { status: 201 });
  const failed = await failureOfSending(notifier, sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'transient', code: 'http.429', detail: { ofRecipient: true } });
  expect([failed.detail.rateLimited, failed.detail.misconfigured]).toEqual([undefined, undefined]);
  await notifier.send(sampleMessage(), sampleIo({ attempt: 2 }));
  expect(service.requests.map(({ path }) => path)).toEqual(['/alice', '/bob', '/alice']);
});

test('a server that never answers delays no other browser', async () => {
  const { service, notifier } = await opened('alice', 'bob');
  service.answerAside('/alice', { hang: true });
  const ending = new AbortController();
  const failing = failureOfSending(notifier, sampleMessage(), sampleIo({ signal: ending.signal }));
  await service.arrived(1);
  ending.abort();
  expect(await failing).toMatchObject({ detail: { ofRecipient: true } });
  expect(service.requests.map(({ path }) => path)).toEqual(['/bob']);
});

test('an answer that repeats the endpoint of a browser does not show it', async () => {
  const { service, notifier } = await opened('alice-0123456789abcdef');
  service.answer(
    { status: 400, body: `no subscription ${service.origin}/alice-0123456789abcdef` },
    { status: 201, body: { path: '/alice-0123456789abcdef' } },
  );
  const failed = await failureOfSending(notifier, sampleMessage(), sampleIo());
  const receipt = await notifier.send(sampleMessage(), sampleIo());
  expect([failed.detail.body, JSON.stringify(receipt)]).toEqual([
    expect.stringContaining('***') as string,
    expect.stringContaining('***') as string,
  ]);
  expect(JSON.stringify([failed.detail, receipt])).not.toContain('0123456789abcdef');
});

test('a user without a browser cannot get it', async () => {
  const { notifier } = await opened('alice');
  const failed = await failureOfSending(notifier, sampleMessage({ to: ['carol'] }), sampleIo());
  expect(failed).toMatchObject({ class: 'permanent', code: 'webpush.no_subscription' });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] => readSettings(webpush, settings).problems;
  expect(problems({ to: 'alice', contact: CONTACT })).toEqual([]);
  expect(problems({ to: '*', contact: CONTACT })).toHaveLength(1);
  expect(problems({ to: 'alice', contact: 'ops@example.com' })).toHaveLength(1);
});
