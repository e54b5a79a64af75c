import type { Receipt } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { TProperties } from '../../../core/schema/type.ts';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import { type Mentions, readMentions } from '../chat/mention.ts';
import { PartialAcceptance } from '../partial-acceptance.ts';
import { checkRecipients } from '../recipients.ts';
import { type Sent, SentMessages } from '../sent-messages.ts';
import { judgeAnswer } from './answers.ts';
import { apiOf, type HttpChannel, type Settings } from './channel.ts';
import { bodyOf, type ChannelRequest, requestsOf } from './request.ts';
import { addressOf, joinUrl, renderHeaders, sendVariables } from './settings.ts';

const MAX_LOGGED_NAMES = 5;

/** An open channel over HTTP. */
export class HttpNotifier<P extends TProperties> implements Notifier {
  readonly #channel: HttpChannel<P>;
  readonly #settings: Settings<P>;
  readonly #tools: ChannelTools;
  readonly #partial = new PartialAcceptance<SendFailure>();
  readonly #sent: SentMessages;

  constructor(channel: HttpChannel<P>, settings: Settings<P>, tools: ChannelTools) {
    this.#channel = channel;
    this.#settings = settings;
    this.#tools = tools;
    this.#sent = new SentMessages(tools.memory);
  }

  async send(message: Message, io: SendIo): Promise<Receipt> {
    const { recipients, type } = this.#channel;
    this.#logUnreadable(message, io);
    if (recipients === undefined) return await this.#sendTo('', message, io);
    checkRecipients(message.to, `${type}.bad_recipient`);
    const names = [...new Set(recipients(message, this.#settings))];
    if (names.length === 0) throw new SendFailure('permanent', `${type}.bad_recipient`, 'the message has no recipient');
    if (names.length === 1) return await this.#sendTo(names[0]!, message, io);
    return await this.#sendToSeveral(names, message, io);
  }

  #mentions(message: Message): Mentions {
    const { mentionFault } = this.#channel;
    const { mention = [] } = this.#settings as { readonly mention?: readonly string[] };
    const written = [...mention, ...(message.mention ?? [])];
    return readMentions(mentionFault === undefined ? [] : written.filter((name) => mentionFault(name) === undefined));
  }

  /** Logs invalid names of the message. They come from an event, or from a rule that was written for another channel type. */
  #logUnreadable({ mention = [] }: Message, { delivery }: SendIo): void {
    const { mentionFault } = this.#channel;
    const unreadable = mentionFault === undefined ? [] : mention.filter((name) => mentionFault(name) !== undefined);
    if (unreadable.length === 0) return;
    const fields = { delivery: delivery.id, rule: delivery.rule, mention: unreadable.slice(0, MAX_LOGGED_NAMES) };
    this.#tools.log.warn(fields, 'a name in `mention` mentions nobody');
  }

  /** Continues after the refusal of one recipient, and stops when the provider or the network fails for all. */
  async #sendToSeveral(names: readonly string[], message: Message, io: SendIo): Promise<Receipt> {
    const { id } = io.delivery;
    const receipts = new Map<string, Receipt>();
    const refused = new Map<string, SendFailure>();
    let postponed: SendFailure | undefined;
    for (const name of this.#partial.owed(id, names)) {
      try {
        receipts.set(name, await this.#sendTo(name, message, io));
      } catch (error) {
        if (!(error instanceof SendFailure)) throw error;
        if (error.class === 'permanent' && error.detail.misconfigured !== true) {
          refused.set(name, error);
          continue;
        }
        postponed ??= error;
        if (error.class !== 'unknown') break;
      }
    }
    const all = this.#partial.record(id, { accepted: new Set(receipts.keys()), refused }, postponed !== undefined);
    if (postponed !== undefined) throw postponed;
    const [refusal] = all.refused.values();
    if (refusal !== undefined && all.accepted.size === 0) throw refusal;
    const answer = [...all.refused].map(([name, failure]) => `refused: ${name}: ${failure.message}`).join('\n');
    if (answer !== '')
      this.#tools.log.warn({ delivery: id, refused: answer }, 'the provider refused some of the recipients');
    const ids = [...receipts.values()].flatMap((receipt) => receipt.id ?? []);
    return { status: 200, ...(ids.length > 0 && { id: ids.join(' ') }), ...(answer !== '' && { answer }) };
  }

  async #sendTo(to: string, message: Message, io: SendIo): Promise<Receipt> {
    const { follows } = this.#channel;
    const key = follows?.key(message, io.delivery, this.#settings);
    const post = async (earlier: string | undefined): Promise<Sent> => {
      const receipt = await this.#post(to, message, io, earlier);
      const id = earlier ?? receipt.id;
      return { receipt, ...(id !== undefined && { id }) };
    };
    return await this.#sent.send(key === undefined ? undefined : JSON.stringify([to, key]), async (earlier) => {
      try {
        return await post(earlier);
      } catch (error) {
        const code = error instanceof SendFailure ? error.code.replace(/^.*\./, '') : '';
        if (earlier === undefined || follows?.gone.includes(code) !== true) throw error;
        return await post(undefined);
      }
    });
  }

  async #post(to: string, message: Message, io: SendIo, earlier: string | undefined): Promise<Receipt> {
    const settings = this.#settings;
    const tools = this.#tools;
    const channel = this.#channel;
    const now = tools.clock.now();
    const api = joinUrl(apiOf(channel, settings), '');
    const url = addressOf((settings as { readonly url?: unknown }).url, settings.api);
    const requests = await channel.request(message, {
      settings,
      api,
      url,
      io,
      now,
      mentions: this.#mentions(message),
      to,
      earlier,
    });
    const headers = renderHeaders(settings.headers, sendVariables(message, io.delivery));
    const [first, ...others] = requestsOf(requests);
    let receipt = await this.#request(first, headers, io);
    for (const next of others)
      receipt = await this.#request(typeof next === 'function' ? next(receipt) : next, headers, io);
    return receipt;
  }

  async #request(request: ChannelRequest, headers: Readonly<Record<string, string>>, io: SendIo): Promise<Receipt> {
    const { http, clock } = this.#tools;
    const { type, answers } = this.#channel;
    const [contentType, body] = bodyOf(request);
    const answer = await http.request({
      url: request.url,
      method: request.method ?? 'POST',
      headers: {
        'user-agent': 'Belfry',
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...request.headers,
        ...headers,
      },
      ...(body !== undefined && { body }),
      ending: io.ending,
    });
    const judged = judgeAnswer(type, answers, answer, clock.now());
    if (judged instanceof SendFailure) throw judged;
    return judged;
  }
}
