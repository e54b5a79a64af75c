import type { Static, TSchema } from '../core/schema/type.ts';
import type { Delivery, Receipt } from '../core/delivery/delivery.ts';
import type { Format, Message } from '../core/message/message.ts';
import type { MessagePart, NameChecks } from '../core/compile/registry.ts';
import type { Abortable } from '../lib/async/abort.ts';
import type { Clock } from '../lib/time/clock.ts';
import type { Log } from '../lib/log.ts';
import type { HttpClient } from './kit/http/client.ts';
import { loadMarkdown } from './kit/text/markdown.ts';

/** Context of one send. */
export interface SendIo {
  readonly delivery: Delivery;
  /** Aborts at the attempt's deadline or when the daemon is killed; every wait takes it. */
  readonly ending: Abortable;
  /** The same for those that need an AbortSignal. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

/** Tools of an open channel, which the daemon owns and closes. */
export interface ChannelTools {
  readonly name: string;
  /** One connection pool and one resolver per channel. */
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Child logger of this channel, which masks secrets. */
  readonly log: Log;
  /** Pushes to connected WebSocket users. */
  readonly push: PushGateway;
  /** The name this machine gives itself, for Message-ID and the like. */
  readonly hostname: string;
  /** The daemon's environment, for channels that start programs or need a desktop session; settings never come from it. */
  readonly env: Environment;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Push to connected users, for the `websocket` channel; implemented by `http/`. */
export interface PushGateway {
  /**
   * Durable when it resolves: the users in `to` (`*`: all) get the message, those who are away when they come back,
   * until `keepUntil` (milliseconds since the epoch). The same delivery pushed again is one push.
   */
  push(request: {
    delivery: Delivery;
    message: Message;
    to: readonly string[];
    require: 'any' | 'all';
    keepUntil: number;
  }): Promise<void>;
}

/** A message was handed over durably, but its receipt comes later; the delivery stays `sending` until then or until `until` (then it is dead: `expired`). */
export interface AwaitedReceipt {
  readonly awaiting: 'receipt';
  readonly until: number;
}

/** An open channel: one message to one destination. Resolves with the proof, or throws a `SendFailure`. It does not retry, queue, log its settings or fan out. */
export interface Notifier {
  send(message: Message, io: SendIo): Promise<Receipt | AwaitedReceipt>;
  close?(): Promise<void>;
}

/** Parts of a message that a channel shows: in their own form (`kept`), or as text (`text`). Others are dropped. */
export type MessageSupport = { readonly [part in MessagePart]?: 'kept' | 'text' };

/** Names of parts, divided by blanks. */
export const supports = ({
  kept = '',
  text = '',
}: {
  readonly kept?: string;
  readonly text?: string;
}): MessageSupport =>
  Object.fromEntries([...words(kept).map((part) => [part, 'kept']), ...words(text).map((part) => [part, 'text'])]);

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

export interface ChannelLimits {
  /** The provider's documented rate, used when `delivery.rate` is unset. */
  readonly rate?: string;
  /** Other defaults of `delivery` for this type. */
  readonly concurrency?: number;
  readonly timeout?: string;
}

/** Milliseconds that a send gets, after its signal aborted, to end and to report how far it had come. */
export const SETTLE_MS = 3000;

/** A channel type: one file. `settings` is the YAML, less `type` and `delivery`; types are inferred from it. */
export interface ChannelType<S extends TSchema = TSchema> {
  readonly type: string;
  /** One line for the reference table. */
  readonly summary: string;
  /** The provider's page. */
  readonly documentation: string;
  readonly settings: S;
  readonly limits: ChannelLimits;
  readonly supports?: MessageSupport;
  /** The provider drops a repeated delivery id, so an unknown outcome may be retried. */
  readonly idempotent: boolean;
  /** Makes a value from an event harmless in the dialect of the channel; CommonMark and HTML escaping by default. */
  readonly escape?: (text: string, format: Format) => string;
  /** Finds what the schema cannot say (a missing icon, two settings that exclude each other); pointers are relative to the channel. May read files. */
  readonly check?: (
    settings: Static<S>,
  ) => readonly { readonly pointer: string; readonly message: string; readonly mend: string }[];
  /** Finds names in `to` and `mention` of a message that it could never take; a rule that writes such a name is refused. */
  readonly names?: NameChecks;
  /** Says in one sentence why channels of this type cannot work on this machine; undefined when they can. */
  readonly unavailable?: (env: Environment) => string | undefined;
  open(settings: Static<S>, tools: ChannelTools): Notifier;
}

/** Types `open` by `settings` while the list holds all types alike, and loads the Markdown parser for messages that need it. */
export function defineChannel<S extends TSchema>(channel: ChannelType<S>): ChannelType {
  const open = (settings: Static<S>, tools: ChannelTools): Notifier => withMarkdown(channel.open(settings, tools));
  const type = { ...channel, open };
  return type as unknown as ChannelType;
}

function withMarkdown(notifier: Notifier): Notifier {
  return {
    async send(message, io) {
      if (message.format === 'markdown') await loadMarkdown();
      return await notifier.send(message, io);
    },
    close: async () => await notifier.close?.(),
  };
}
