import { afterEach, beforeEach } from 'vitest';
import type { ChannelTools, ChannelType, Notifier, SendIo } from '../../daemon/channels/channel.ts';
import { type HttpClient, openHttpClient } from '../../daemon/channels/kit/http/client.ts';
import type { Message } from '../../daemon/core/message/message.ts';
import type { SendFailure } from '../../daemon/core/problems/failure.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from './delivery.ts';
import { decodeSettings } from './channel-settings.ts';
import { openTestServer, type TestServer, type ServerAnswer, type ReceivedRequest } from './test-server.ts';

export interface HttpChannelUnderTest {
  /** Server of the provider, new in each test. */
  readonly sink: () => TestServer;
  open(settings?: object, tools?: Partial<ChannelTools>): Notifier;
  /** Sends one message that the server accepts, and returns the request that arrived. */
  sent(message?: Partial<Message>, settings?: object, io?: Partial<SendIo>): Promise<ReceivedRequest>;
  /** Sends one message that gets this answer, and returns the failure. */
  failure(answer: ServerAnswer, message?: Partial<Message>, settings?: object): Promise<SendFailure>;
}

/** A channel over HTTP and a server on the loopback, opened and closed with each test. */
export function useHttpChannel(
  type: ChannelType,
  options: {
    readonly settings: (origin: string) => object;
    readonly success: ServerAnswer;
    readonly aside?: Readonly<Record<string, ServerAnswer>>;
  },
): HttpChannelUnderTest {
  let sink: TestServer;
  let http: HttpClient;
  beforeEach(async () => {
    sink = await openTestServer();
    sink.answer(options.success);
    for (const [path, answer] of Object.entries(options.aside ?? {})) sink.answerAside(path, answer);
    http = openHttpClient();
  });
  afterEach(async () => {
    await http.close();
    await sink.close();
  });
  const open: HttpChannelUnderTest['open'] = (settings = {}, tools = {}) =>
    type.open(
      decodeSettings(type, { ...options.settings(sink.origin), ...settings }),
      channelTools({ http, ...tools }),
    );
  return {
    sink: () => sink,
    open,
    async sent(message = {}, settings = {}, io = {}) {
      await open(settings).send(sampleMessage(message), sampleIo(io));
      return sink.requests.at(-1)!;
    },
    async failure(answer, message = {}, settings = {}) {
      sink.answer(answer);
      return await failureOfSending(open(settings), sampleMessage(message), sampleIo());
    },
  };
}
