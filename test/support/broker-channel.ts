import { afterEach, expect } from 'vitest';
import type { ChannelTools, ChannelType, Notifier, SendIo } from '../../daemon/channels/channel.ts';
import type { Receipt } from '../../daemon/core/delivery/delivery.ts';
import type { Message } from '../../daemon/core/message/message.ts';
import type { SendFailure } from '../../daemon/core/problems/failure.ts';
import { Closers } from '../../daemon/lib/async/closers.ts';
import { decodeSettings } from './channel-settings.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from './delivery.ts';
import { wellFormed } from '../../daemon/channels/kit/text/text.ts';

/** Body of a message at a broker. */
export interface Body {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/** Looks at the JSON that arrived, which brokers get as it is. */
export const JSON_CASES = {
  oversize(received: string): void {
    const { title, body } = JSON.parse(received) as Body;
    expect(title).toHaveLength(4000);
    expect(body.match(/🔥/gu)).toHaveLength(20_000);
  },
  hostile(received: string, sent: Message): void {
    const { title, body } = JSON.parse(received) as Body;
    expect({ title, body }).toEqual({ title: wellFormed(sent.title), body: wellFormed(sent.body) });
  },
  sameId: (received: string): string => (JSON.parse(received) as Body).id,
};

export interface OpenedChannel {
  send(message?: Partial<Message>, io?: Partial<SendIo>): Promise<Receipt>;
  failure(message?: Partial<Message>, io?: Partial<SendIo>): Promise<SendFailure>;
  close(): Promise<void>;
}

/** Opens channels of a type for tests, which are closed after each test. */
export function useChannel(type: ChannelType) {
  let closers = new Closers();
  afterEach(async () => {
    await closers.close();
    closers = new Closers();
  });
  return {
    /** Closes something else after the test, in reverse order. */
    own: <T extends { close(): Promise<void> }>(thing: T): T => {
      closers.own('a part of the test', () => thing.close());
      return thing;
    },
    open(settings: object, tools: Partial<ChannelTools> = {}): OpenedChannel {
      const notifier: Notifier = type.open(decodeSettings(type, settings), channelTools(tools));
      closers.own('channel', () => notifier.close?.());
      return {
        send: async (message = {}, io = {}) => (await notifier.send(sampleMessage(message), sampleIo(io))) as Receipt,
        failure: (message = {}, io = {}) => failureOfSending(notifier, sampleMessage(message), sampleIo(io)),
        close: async () => await notifier.close?.(),
      };
    },
  };
}
