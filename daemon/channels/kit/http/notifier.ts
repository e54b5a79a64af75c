import type { Receipt } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { TProperties } from '../../../core/schema/type.ts';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import { checkRecipients } from '../recipients/names.ts';
import { type Sent, SentMessages } from '../sent-messages.ts';
import { SeveralRecipients } from '../recipients/several.ts';
import { type Answers, each, jsonOf, judgeAnswer, permanent } from './answers.ts';
import { apiOf, type HttpChannel, type Settings } from './channel.ts';
import { contextOf } from './preview.ts';
import { type AccessToken, AccessTokenCache, type AccessTokenSource } from './credentials/access-token.ts';
import { KeyPool } from './credentials/key-pool.ts';
import { bodyOf, type ChannelRequest, requestsOf } from './request.ts';
import { joinUrl, renderHeaders, sendVariables } from './settings.ts';

const MAX_LOGGED_NAMES = 5;

interface Credential {
  readonly accessToken?: string;
  readonly key?: string;
}

/** Receipt and text of an answer that the provider means as a success. */
interface Exchange {
  readonly receipt: Receipt;
  readonly text: string;
}

/** An open channel over HTTP. */
export class HttpNotifier<P extends TProperties> implements Notifier {
  readonly #channel: HttpChannel<P>;
  readonly #settings: Settings<P>;
  readonly #tools: ChannelTools;
  readonly #several: SeveralRecipients;
  readonly #sent: SentMessages;
  readonly #answers: Answers;
  readonly #access: AccessTokenCache | undefined;
  readonly #pool: KeyPool | undefined;

  constructor(channel: HttpChannel<P>, settings: Settings<P>, tools: ChannelTools) {
    this.#channel = channel;
    this.#settings = settings;
    this.#tools = tools;
    this.#several = new SeveralRecipients(tools.log);
    this.#sent = new SentMessages(tools.memory);
    this.#answers = withGone(channel.answers, channel.follows?.gone);
    this.#access = channel.access && this.#accessTokens(channel.access);
    this.#pool = channel.pool && new KeyPool(channel.pool(settings), tools);
  }

  async send(message: Message, io: SendIo): Promise<Receipt> {
    const { recipients, type } = this.#channel;
    this.#logUnreadable(message, io);
    if (recipients === undefined) return await this.#sendTo('', message, io);
    checkRecipients(message.to, `${type}.bad_recipient`);
    const names = [...new Set(recipients(message, this.#settings))];
    if (names.length === 0) throw new SendFailure('permanent', `${type}.bad_recipient`, 'the message has no recipient');
    return await this.#several.send(names, io.delivery.id, (name) => this.#sendTo(name, message, io));
  }

  /** Logs invalid names of the message. They come from an event, or from a rule that was written for another channel type. */
  #logUnreadable({ mention = [] }: Message, { delivery }: SendIo): void {
    const { mentionFault } = this.#channel;
    const unreadable = mentionFault === undefined ? [] : mention.filter((name) => mentionFault(name) !== undefined);
    if (unreadable.length === 0) return;
    const fields = { delivery: delivery.id, rule: delivery.rule, mention: unreadable.slice(0, MAX_LOGGED_NAMES) };
    this.#tools.log.warn(fields, 'a name in `mention` mentions nobody');
  }

  async #sendTo(to: string, message: Message, io: SendIo): Promise<Receipt> {
    const { follows } = this.#channel;
    const key = follows?.key(message, io.delivery, this.#settings);
    const isLast = follows?.untilResolved === true && io.delivery.status === 'resolved';
    const post = async (earlier: string | undefined): Promise<Sent> => {
      const receipt = await this.#post(to, message, io, earlier);
      const id = isLast ? '' : (earlier ?? receipt.id);
      return { receipt, ...(id !== undefined && { id }) };
    };
    return await this.#sent.send(key === undefined ? undefined : JSON.stringify([to, key]), async (earlier) => {
      try {
        return await post(earlier);
      } catch (error) {
        if (earlier === undefined || !this.#isGone(error)) throw error;
        return await post(undefined);
      }
    });
  }

  /** Whether the earlier message cannot be changed or answered any more. */
  #isGone(error: unknown): boolean {
    const { type, follows } = this.#channel;
    return error instanceof SendFailure && follows?.gone.some((code) => error.code === `${type}.${code}`) === true;
  }

  /** Posts with a token of `access` or a key of `pool`, and again with another one if the provider refuses it. */
  async #post(to: string, message: Message, io: SendIo, earlier: string | undefined): Promise<Receipt> {
    if (this.#access !== undefined)
      return await this.#access.use(io, (accessToken) => this.#postWith({ accessToken }, to, message, io, earlier));
    if (this.#pool !== undefined)
      return await this.#pool.use((key) => this.#postWith({ key: key.reveal() }, to, message, io, earlier));
    return await this.#postWith({}, to, message, io, earlier);
  }

  async #postWith(
    { accessToken = '', key = '' }: Credential,
    to: string,
    message: Message,
    io: SendIo,
    earlier: string | undefined,
  ): Promise<Receipt> {
    const channel = this.#channel;
    const { clock, attachFrom } = this.#tools;
    const own = { io, now: clock.now(), attachFrom, to, earlier, accessToken, key };
    const requests = await channel.request(message, contextOf(channel, this.#settings, message, own));
    const [first, ...others] = requestsOf(requests);
    let { receipt } = await this.#exchange(first, this.#answers, io, accessToken);
    for (const next of others) {
      const request = typeof next === 'function' ? next(receipt) : next;
      ({ receipt } = await this.#exchange(request, this.#answers, io, accessToken));
    }
    return receipt;
  }

  #accessTokens(source: AccessTokenSource<Settings<P>>): AccessTokenCache {
    const { type } = this.#channel;
    const stale = new Set(source.stale.split(' ').map((code) => `${type}.${code}`));
    return new AccessTokenCache({
      clock: this.#tools.clock,
      fetch: (io) => this.#fetchAccessToken(source, io),
      isStale: ({ code }) => stale.has(code),
    });
  }

  async #fetchAccessToken(
    { request, answers, read }: AccessTokenSource<Settings<P>>,
    io: SendIo,
  ): Promise<AccessToken> {
    const api = joinUrl(apiOf(this.#channel, this.#settings), '');
    const { text } = await this.#exchange(request(this.#settings, api), answers, io);
    const { token, seconds } = read(jsonOf(text));
    if (typeof token === 'string' && token !== '' && typeof seconds === 'number' && seconds > 0)
      return { value: token, life: seconds * 1000 };
    const code = `${this.#channel.type}.unreadable`;
    throw new SendFailure('transient', code, 'the answer to the request for an access token has none');
  }

  /** Sends one request, and rejects unless the provider accepts it. `hidden` is a secret that the answer may repeat. */
  async #exchange(request: ChannelRequest, answers: Answers, io: SendIo, hidden = ''): Promise<Exchange> {
    const { http, clock, log } = this.#tools;
    const [contentType, body] = bodyOf(request);
    const answer = await http.request({
      url: request.url,
      method: request.method ?? 'POST',
      headers: {
        'user-agent': 'Belfry',
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...request.headers,
        ...renderHeaders(this.#settings.headers, sendVariables(io.delivery.message, io.delivery)),
      },
      ...(body !== undefined && { body }),
      ending: io.ending,
    });
    const text = hidden === '' ? answer.text : answer.text.replaceAll(hidden, '***');
    const judged = judgeAnswer(this.#channel.type, answers, { ...answer, text, request }, clock.now());
    if (judged instanceof SendFailure) throw judged;
    const { refused, ...receipt } = judged;
    if (refused !== undefined)
      log.warn({ delivery: io.delivery.id, refused }, 'the provider refused some of the recipients');
    return { receipt, text };
  }
}

/** Answers in which each code of `gone` has a meaning, since a code without one is reported as the HTTP status. */
function withGone(answers: Answers, gone: readonly string[] = []): Answers {
  const meanings = gone.length === 0 ? {} : each(gone.join(' '), permanent('the earlier message is gone'));
  return { ...answers, codes: { ...meanings, ...answers.codes } };
}
