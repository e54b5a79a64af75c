import { expect, test } from 'vitest';
import type { PushGateway } from '../../daemon/channels/channel.ts';
import { websocket } from '../../daemon/channels/websocket.ts';
import { channelTools, sampleDelivery, sampleIo, sampleMessage } from '../support/delivery.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { decodeSettings, readSettings } from '../support/settings.ts';

type Pushed = Parameters<PushGateway['push']>[0];

function opened(settings: object) {
  const pushed: Pushed[] = [];
  const clock = new VirtualClock();
  const push: PushGateway = { push: async (request) => void pushed.push(request) };
  return {
    pushed,
    clock,
    notifier: websocket.open(decodeSettings(websocket, settings), channelTools({ push, clock })),
  };
}

test('a message is put before everybody for a week, and its receipt is awaited as long', async () => {
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
  await expect(notifier.send(sampleMessage(), sampleIo())).rejects.toThrow('full');
});

test('settings that make no sense are told', () => {
  expect(readSettings(websocket, { require: 'some' }).problems).not.toEqual([]);
  expect(readSettings(websocket, { keep: 5 }).problems).not.toEqual([]);
});
