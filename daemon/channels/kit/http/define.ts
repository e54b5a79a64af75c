import type { Delivery, Receipt } from '../../../core/delivery/delivery.ts';
import type { NameChecks, SettingProblem } from '../../../core/compile/registry.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { strict } from '../../../core/schema/fields.ts';
import type { Static, TProperties } from '../../../core/schema/type.ts';
import {
  type ChannelGuide,
  type ChannelLimits,
  type ChannelTools,
  type ChannelType,
  defineChannel,
  type Notifier,
  type SendIo,
  supports,
} from '../../channel.ts';
import { checkMentions, type MentionFaultOf, type Mentions, readMentions } from '../chat/mention.ts';
import { PartialAcceptance } from '../partial-acceptance.ts';
import { checkRecipients } from '../recipients.ts';
import { type Sent, SentMessages } from '../sent-messages.ts';
import { escapeOf, type Markup } from '../text/layout.ts';
import { type Answers, judgeAnswer } from './answers.ts';
import { endpointOf } from './endpoint.ts';
import { bodyOf, type ChannelRequest, type ChannelRequests, requestsOf } from './request.ts';
import {
  addressOf,
  type ApiDefault,
  apiSetting,
  checkAddress,
  checkApi,
  checkHeaders,
  checkKey,
  headersSetting,
  joinUrl,
  renderHeaders,
  requiredApiSetting,
  sendVariables,
} from './settings.ts';

/** Settings that every HTTP channel has. Settings such as `ca` or `proxy` would be added here and to the options of the HTTP client. */
const commonSettings = (api?: ApiDefault) => ({ api: apiSetting(api), headers: headersSetting() });

type Settings<P extends TProperties> = Static<ReturnType<typeof strict<P>>> &
  Static<ReturnType<typeof strict<ReturnType<typeof commonSettings>>>>;

export interface RequestContext<S> {
  readonly settings: S;
  /** Base URL without a last slash. */
  readonly api: string;
  /** The setting `url`, with the host replaced by `api` if that is set; empty for a channel without `url`. */
  readonly url: string;
  readonly io: SendIo;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Valid names of the setting `mention` and of the message. */
  readonly mentions: Mentions;
  /** One of `recipients`; empty for a channel without. */
  readonly to: string;
  /** Receipt id of an earlier message with the same key of `follows`. */
  readonly earlier: string | undefined;
}

export interface HttpChannel<P extends TProperties> extends ChannelGuide {
  readonly type: string;
  readonly summary: string;
  /** The provider's page. */
  readonly documentation: string;
  /**
   * Base URL of the provider, used where the setting `api` is not given; a function where it depends on
   * a region. Absent where users host it themselves: `api` is then required.
   */
  readonly api?: string | ((settings: Settings<P>) => string);
  /** Settings besides `api` and `headers`. One named `url` is a whole address of the provider. */
  readonly settings: P;
  /** Settings that contain a key, each with the text before the key in a URL of the provider (may be empty). */
  readonly keys?: { readonly [name in keyof P]?: string };
  readonly limits: ChannelLimits;
  /** Parts of a message that are shown in their own form, and those that are shown as text; names divided by blanks. Others are dropped. */
  readonly supports: { readonly kept: string; readonly text?: string };
  /** The provider drops a repeated delivery. */
  readonly idempotent?: boolean;
  /** Decides how values from events are escaped. */
  readonly markup: Markup;
  /** Finds names that mention nobody; absent if the provider has no mentions. */
  readonly mentionFault?: MentionFaultOf;
  readonly names?: Pick<NameChecks, 'to'>;
  /** Checks that need more than one setting. */
  readonly check?: (settings: Settings<P>) => readonly SettingProblem[];
  /** Recipients that each get a request of their own. */
  readonly recipients?: (message: Message, settings: Settings<P>) => readonly string[];
  /** Later messages that change or answer an earlier one. */
  readonly follows?: {
    /**
     * Messages with the same key belong together; undefined for a message of its own. Ids outlive edits of the rules, so the key
     * contains the settings that choose the destination.
     */
    key(message: Message, delivery: Delivery, settings: Settings<P>): string | undefined;
    /** Codes of the provider which say that the earlier message is gone: the message is then sent as a new one. */
    readonly gone: readonly string[];
  };
  /**
   * Makes the request for a message. Several requests are sent one after another until one fails, all of them again in the next
   * attempt: a request that may be repeated without harm comes first. The last answer gives the receipt. A promise is for files to attach.
   */
  readonly request: (
    message: Message,
    context: RequestContext<Settings<P>>,
  ) => ChannelRequests | Promise<ChannelRequests>;
  readonly answers: Answers;
}

/** Makes a channel type from its requests and the meaning of the answers. See "Add a channel" in CONTRIBUTING.md. */
export function defineHttpChannel<P extends TProperties>(channel: HttpChannel<P>): ChannelType {
  const { type, summary, documentation, setup, example, receipt, settings, limits, markup, mentionFault } = channel;
  return defineChannel({
    type,
    summary,
    documentation,
    ...(setup !== undefined && { setup }),
    ...(example !== undefined && { example }),
    ...(receipt !== undefined && { receipt }),
    settings: strict({ ...settings, ...sharedSettings(channel) }),
    limits,
    supports: supports(channel.supports),
    idempotent: channel.idempotent ?? false,
    escape: escapeOf(markup),
    check: (given) => checkSettings(channel, given as Settings<P>),
    names: { ...channel.names, ...(mentionFault !== undefined && { mention: mentionFault }) },
    uses: (given) => ({ endpoints: endpointOf(serverUrl(channel, given as Settings<P>)) }),
    open: (given, tools) => new HttpNotifier(channel, given as Settings<P>, tools),
  });
}

function sharedSettings<P extends TProperties>({ settings, api }: HttpChannel<P>) {
  if ('url' in settings) return commonSettings();
  if (api === undefined) return { ...commonSettings(), api: requiredApiSetting() };
  return commonSettings(typeof api === 'function' ? 'regional' : { standard: api });
}

function checkSettings<P extends TProperties>(channel: HttpChannel<P>, settings: Settings<P>): SettingProblem[] {
  const given = settings as Readonly<Record<string, unknown>>;
  const { mentionFault } = channel;
  return [
    ...Object.entries(channel.keys ?? {}).flatMap(([name, before]) => checkKey(name, given[name], before as string)),
    ...(mentionFault === undefined ? [] : checkMentions(given.mention as readonly string[] | undefined, mentionFault)),
    ...checkNames(given.to, channel.names?.to),
    ...checkApi(settings.api),
    ...checkAddress(given.url, settings.api),
    ...checkHeaders(settings.headers),
    ...(channel.check?.(settings) ?? []),
  ];
}

/** URL of the provider's server. */
function serverUrl<P extends TProperties>(channel: HttpChannel<P>, settings: Settings<P>): string {
  const { url } = settings as { readonly url?: unknown };
  return url === undefined ? apiOf(channel, settings) : addressOf(url, settings.api);
}

/** Base URL of the API; empty for a channel without. */
function apiOf<P extends TProperties>({ api = '' }: HttpChannel<P>, settings: Settings<P>): string {
  return settings.api ?? (typeof api === 'function' ? api(settings) : api);
}

function checkNames(to: unknown, faultOf: NameChecks['to']): SettingProblem[] {
  if (!Array.isArray(to) || faultOf === undefined) return [];
  return to.flatMap((name, index) => {
    const fault = faultOf(`${name}`);
    return fault === undefined ? [] : [{ pointer: `/to/${index}`, ...fault }];
  });
}

const MAX_LOGGED_NAMES = 5;

class HttpNotifier<P extends TProperties> implements Notifier {
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
    for (const request of others) receipt = await this.#request(request, headers, io);
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
