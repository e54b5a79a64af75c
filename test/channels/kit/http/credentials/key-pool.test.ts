import { expect, test } from 'vitest';
import { misconfigured, permanent, rateLimited } from '../../../../../daemon/channels/kit/http/answers.ts';
import { defineHttpChannel } from '../../../../../daemon/channels/kit/http/define.ts';
import { PLAIN } from '../../../../../daemon/channels/kit/text/layout.ts';
import { secret } from '../../../../../daemon/core/schema/fields.ts';
import { Type } from '../../../../../daemon/core/schema/type.ts';
import { failureOfSending, memoryLog, sampleIo, sampleMessage } from '../../../../support/delivery.ts';
import { useHttpChannel } from '../../../../support/http-channel.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

/** A channel with several keys. */
const chime = defineHttpChannel({
  type: 'chime',
  summary: 'Push notifications over Chime',
  documentation: 'https://docs.chime.test/send',
  api: 'https://api.chime.test',
  settings: { keys: Type.Array(secret({ description: 'A key.', examples: ['${env:CHIME_KEY}'] })) },
  pool: ({ keys }) => keys,
  limits: { rate: '20/1m' },
  supports: { kept: '', text: 'markdown html' },
  markup: PLAIN,
  request: (message, { api, key }) => ({ url: `${api}/send/${key}`, json: { text: message.title } }),
  answers: {
    read({ json: { code } }) {
      if (code === 0) return { ok: true };
      return typeof code === 'number' ? { ok: false, code } : undefined;
    },
    codes: {
      3: misconfigured('the key is refused'),
      7: permanent('the text is not allowed'),
      9: rateLimited('more than 20 messages in a minute', 60_000),
    },
  },
});

const OK = { body: { code: 0 } };
const LIMITED = { body: { code: 9 } };
const REFUSED = { body: { code: 3 } };
const channel = useHttpChannel(chime, {
  settings: (api) => ({ keys: ['key-one', 'key-two', 'key-three'], api }),
  success: OK,
});
const send = (notifier: ReturnType<typeof channel.open>) => notifier.send(sampleMessage(), sampleIo());
const failed = (notifier: ReturnType<typeof channel.open>) => failureOfSending(notifier, sampleMessage(), sampleIo());
const used = (): string[] => channel.sink().requests.map(({ path }) => path.replace('/send/key-', ''));

test('the keys take turns, also when messages are sent at the same time', async () => {
  const notifier = channel.open();
  await Promise.all([send(notifier), send(notifier), send(notifier)]);
  for (let index = 0; index < 6; index += 1) await send(notifier);
  expect(used().slice(0, 3).toSorted()).toEqual(['one', 'three', 'two']);
  expect(used().slice(3)).toEqual(['one', 'two', 'three', 'one', 'two', 'three']);
});

test('a key that has reached its limit rests for the pause of the provider, and the next key sends the message', async () => {
  const clock = new VirtualClock();
  const notifier = channel.open({}, { clock });
  channel.sink().answer(LIMITED, OK);
  await send(notifier);
  for (let index = 0; index < 4; index += 1) await send(notifier);
  expect(used()).toEqual(['one', 'two', 'three', 'two', 'three', 'two']);
  await clock.advance(60_000);
  await send(notifier);
  expect(used().at(-1)).toBe('one');
});

test('the channel pauses when all keys have reached their limits, until the first of them is free', async () => {
  const clock = new VirtualClock();
  const notifier = channel.open({}, { clock });
  channel.sink().answer(LIMITED, OK);
  await send(notifier);
  await clock.advance(20_000);
  channel.sink().answer(LIMITED);
  expect(await failed(notifier)).toMatchObject({
    class: 'transient',
    code: 'chime.9',
    detail: { rateLimited: true, retryAfter: 40_000 },
  });
});

test('a refused key rests for an hour and is logged once; the others send its messages', async () => {
  const clock = new VirtualClock();
  const { log, lines } = memoryLog();
  const notifier = channel.open({}, { clock, log });
  channel.sink().answer(REFUSED, OK);
  await send(notifier);
  for (let index = 0; index < 3; index += 1) await send(notifier);
  expect(used()).toEqual(['one', 'two', 'three', 'two', 'three']);
  await clock.advance(3_600_000);
  channel.sink().answer(REFUSED, OK);
  await send(notifier);
  expect(used().slice(5)).toEqual(['one', 'two']);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'key 1 of 3 is refused; the others send its messages',
  ]);
});

test('the channel is misconfigured when each key is refused, and every later message tries them again', async () => {
  const notifier = channel.open();
  channel.sink().answer(REFUSED);
  for (let index = 0; index < 2; index += 1) {
    expect(await failed(notifier)).toMatchObject({
      class: 'permanent',
      code: 'chime.3',
      message: 'each key is refused: the key is refused',
      detail: { misconfigured: true },
    });
  }
  channel.sink().answer(OK);
  await send(notifier);
  expect(used()).toHaveLength(7);
});

test('keys that are refused and keys that are limited together make the channel pause', async () => {
  const notifier = channel.open();
  channel.sink().answer(REFUSED, LIMITED, REFUSED);
  expect(await failed(notifier)).toMatchObject({ code: 'chime.9', detail: { rateLimited: true } });
});

test.each([
  ['a refused message', { body: { code: 7 } }, 'chime.7'],
  ['an unknown outcome', { body: '<html>' }, 'chime.unreadable'],
  ['an error of the server', { status: 500 }, 'http.500'],
] as const)('%s is not sent again by another key', async (_, answer, code) => {
  expect(await channel.failure(answer)).toMatchObject({ code });
  expect(used()).toHaveLength(1);
});

test('a single key fails as a channel without a pool does', async () => {
  channel.sink().answer(LIMITED);
  const notifier = channel.open({ keys: ['key-one'] });
  for (let index = 0; index < 2; index += 1)
    expect(await failed(notifier)).toMatchObject({ detail: { rateLimited: true, retryAfter: 60_000 } });
  expect(used()).toEqual(['one', 'one']);
});
