import { expect, test } from 'vitest';
import { misconfigured, permanent } from '../../../../../daemon/channels/kit/http/answers.ts';
import { defineHttpChannel } from '../../../../../daemon/channels/kit/http/define.ts';
import { key } from '../../../../../daemon/channels/kit/http/settings.ts';
import { PLAIN } from '../../../../../daemon/channels/kit/text/layout.ts';
import { failureOfSending, memoryLog, sampleIo, sampleMessage } from '../../../../support/delivery.ts';
import { useHttpChannel } from '../../../../support/http-channel.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

const codes = { 7: permanent('there is no such device'), 40: misconfigured('the token is refused') };
const read = ({ json: { code, reason } }: { json: Readonly<Record<string, unknown>> }) => {
  if (code === 0) return { ok: true } as const;
  return typeof code === 'number' ? ({ ok: false, code, message: `${reason as string}` } as const) : undefined;
};

/** A channel whose provider wants a token for the secret of an app. */
const chime = defineHttpChannel({
  type: 'chime',
  summary: 'Push notifications over Chime',
  documentation: 'https://docs.chime.test/send',
  api: 'https://api.chime.test',
  settings: { secret: key('The secret of an application.', '${env:CHIME_SECRET}') },
  limits: {},
  supports: { kept: '', text: 'markdown html' },
  markup: PLAIN,
  access: {
    request: ({ secret }, api) => ({ url: `${api}/token`, json: { secret: secret.reveal() } }),
    answers: { read, codes: { 1: misconfigured('the secret is wrong') } },
    read: ({ token, expires_in }) => ({ token, seconds: expires_in }),
    stale: '40 42',
  },
  request: (message, { api, accessToken }) => ({
    url: `${api}/send`,
    headers: { authorization: `Bearer ${accessToken}` },
    json: { text: message.title },
  }),
  answers: { read, codes },
});

const OK = { body: { code: 0 } };
const token = (value: string, expires_in = 7200) => ({ body: { code: 0, token: value, expires_in } });
const channel = useHttpChannel(chime, {
  settings: (api) => ({ secret: 'app-secret-1', api }),
  success: OK,
  aside: { '/token': token('first-token') },
});

const tokensUsed = (): string[] => channel.sink().requests.map(({ headers }) => headers.authorization!.slice(7));
const send = (notifier: ReturnType<typeof channel.open>) => notifier.send(sampleMessage(), sampleIo());

test('messages that begin at the same time share one request for a token, and later ones use the token again', async () => {
  const notifier = channel.open();
  await Promise.all([send(notifier), send(notifier), send(notifier)]);
  await send(notifier);
  expect(channel.sink().aside.map(({ json }) => json)).toEqual([{ secret: 'app-secret-1' }]);
  expect(tokensUsed()).toEqual(['first-token', 'first-token', 'first-token', 'first-token']);
});

test('a token is replaced five minutes before its life ends', async () => {
  const clock = new VirtualClock();
  const notifier = channel.open({}, { clock });
  await send(notifier);
  channel.sink().answerAside('/token', token('second-token'));
  await clock.advance(6_899_000);
  await send(notifier);
  await clock.advance(1000);
  await send(notifier);
  expect(tokensUsed()).toEqual(['first-token', 'first-token', 'second-token']);
});

test('a token that the provider calls stale is renewed within the attempt, once', async () => {
  const notifier = channel.open();
  await send(notifier);
  channel.sink().answerAside('/token', token('second-token'));
  channel.sink().answer({ body: { code: 40, reason: 'expired' } }, OK);
  await send(notifier);
  expect(tokensUsed()).toEqual(['first-token', 'first-token', 'second-token']);
  channel.sink().answer({ body: { code: 40, reason: 'expired' } });
  expect(await failureOfSending(notifier, sampleMessage(), sampleIo())).toMatchObject({
    class: 'permanent',
    code: 'chime.40',
    detail: { misconfigured: true },
  });
  expect(tokensUsed()).toHaveLength(5);
});

test('another refusal renews no token', async () => {
  expect(await channel.failure({ body: { code: 7, reason: 'unknown' } })).toMatchObject({ code: 'chime.7' });
  expect(channel.sink().aside).toHaveLength(1);
});

test('a wrong secret is misconfigured, and the message is not sent', async () => {
  channel.sink().answerAside('/token', { body: { code: 1, reason: 'bad secret' } });
  const failure = await failureOfSending(channel.open(), sampleMessage(), sampleIo());
  expect(failure).toMatchObject({ class: 'permanent', code: 'chime.1', detail: { misconfigured: true } });
  expect(channel.sink().requests).toEqual([]);
});

test.each([
  ['no answer', { reset: true }, 'net.reset'],
  ['the page of a proxy', { body: '<html>' }, 'chime.unreadable'],
  ['an answer without a token', { body: { code: 0, expires_in: 7200 } }, 'chime.unreadable'],
  ['an error of the server', { status: 500 }, 'http.500'],
] as const)('%s to the request for a token is transient, because the message was not sent', async (_, answer, code) => {
  channel.sink().answerAside('/token', answer);
  const notifier = channel.open();
  expect(await failureOfSending(notifier, sampleMessage(), sampleIo())).toMatchObject({ class: 'transient', code });
  channel.sink().answerAside('/token', token('first-token'));
  await send(notifier);
  expect(tokensUsed()).toEqual(['first-token']);
});

test('the deadline of the message that asked for the token ends no other message', async () => {
  channel.sink().answerAside('/token', { hang: true });
  const notifier = channel.open();
  const asked = channel.sink().nextAside();
  const deadline = new AbortController();
  const first = failureOfSending(notifier, sampleMessage(), sampleIo({ signal: deadline.signal }));
  const second = send(notifier);
  await asked;
  channel.sink().answerAside('/token', token('second-token'));
  deadline.abort(new DOMException('deadline', 'TimeoutError'));
  expect(await first).toMatchObject({ class: 'transient', code: 'http.no_answer' });
  await second;
  expect(tokensUsed()).toEqual(['second-token']);
});

test('a message whose deadline passes does not wait longer for a token that another message asked for', async () => {
  channel.sink().answerAside('/token', { hang: true });
  const notifier = channel.open();
  const asked = channel.sink().nextAside();
  const others = new AbortController();
  const first = failureOfSending(notifier, sampleMessage(), sampleIo({ signal: others.signal }));
  await asked;
  const deadline = new AbortController();
  const second = failureOfSending(notifier, sampleMessage(), sampleIo({ signal: deadline.signal }));
  deadline.abort(new DOMException('deadline', 'TimeoutError'));
  expect(await second).toMatchObject({ class: 'transient', code: 'net.timeout' });
  others.abort(new DOMException('deadline', 'TimeoutError'));
  await first;
});

test('the token is in no failure, receipt or log line', async () => {
  const { log, lines } = memoryLog();
  channel.sink().answer({ body: { code: 7, reason: 'for first-token', token: 'first-token' } });
  const failure = await failureOfSending(channel.open({}, { log }), sampleMessage(), sampleIo());
  expect(`${failure.message} ${failure.detail.body} ${lines.join('')}`).not.toContain('first-token');
  channel.sink().answer({ body: { code: 0, for: 'first-token' } });
  expect(JSON.stringify(await send(channel.open()))).not.toContain('first-token');
});
