import { expect, test } from 'vitest';
import type { PushGateway } from '../../../daemon/channels/channel.ts';
import { websocket } from '../../../daemon/channels/push/websocket.ts';
import { channelTools, failureOfSending, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { gateway } from './websocket.contract.ts';

function opened(settings: object) {
  const clock = new VirtualClock();
  const { pushed, push } = gateway();
  return {
    pushed,
    clock,
    notifier: websocket.open(decodeSettings(websocket, settings), channelTools({ push, clock })),
  };
}

test('a message is kept for everybody for a week, and its receipt is awaited as long', async () => {
  const { notifier, pushed, clock } = opened({});
  const week = 7 * 86_400_000;
  expect(await notifier.send(sampleMessage(), sampleIo())).toEqual({ awaiting: 'receipt', until: clock.now() + week });
  expect(pushed).toMatchObject([
    { to: ['*'], require: 'any', keepUntil: clock.now() + week, delivery: { id: sampleDelivery().id } },
  ]);
});

test("the message's own recipients come before the channel's", async () => {
  const { notifier, pushed } = opened({ to: 'alice', require: 'all', keep: '1h' });
  await notifier.send(sampleMessage(), sampleIo());
  await notifier.send(sampleMessage({ to: ['bob'] }), sampleIo());
  expect(pushed.map(({ to, require }) => [to, require])).toEqual([
    [['alice'], 'all'],
    [['bob'], 'all'],
  ]);
});

test('a push that cannot be stored is not handed over', async () => {
  const push: PushGateway = { push: () => Promise.reject(new Error('the disk is full')) };
  const notifier = websocket.open(decodeSettings(websocket, {}), channelTools({ push }));
  await expect(notifier.send(sampleMessage(), sampleIo())).rejects.toMatchObject({
    class: 'transient',
    code: 'push.store',
  });
});

test('invalid settings are reported', () => {
  expect(readSettings(websocket, { require: 'some' }).problems).not.toEqual([]);
  expect(readSettings(websocket, { keep: 5 }).problems).not.toEqual([]);
});

test.each(['alice\r\nbob', 'alice\u0000', '\u202ealice'])(
  'a user from an event that is not a name, %j, is refused',
  async (user) => {
    const { notifier, pushed } = opened({});
    const failed = await failureOfSending(notifier, sampleMessage({ to: ['carol', user] }), sampleIo());
    expect(failed).toMatchObject({ class: 'permanent', code: 'push.bad_recipient' });
    expect(pushed).toEqual([]);
  },
);

test('`*` from an event reaches nobody', async () => {
  const { notifier, pushed } = opened({ to: 'alice' });
  expect(await failureOfSending(notifier, sampleMessage({ to: ['bob', '\\*'] }), sampleIo())).toMatchObject({
    class: 'permanent',
    code: 'push.bad_recipient',
    message: expect.stringContaining('from an event: only a') as string,
  });
  expect(pushed).toEqual([]);
});
