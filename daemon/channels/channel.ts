import type { Socket } from 'node:net';
import type { DoctorCheckInfo, DoctorResult } from '../core/problems/doctor.ts';
import type { Static, TSchema } from '../core/schema/type.ts';
import type { Delivery, Receipt } from '../core/delivery/delivery.ts';
import type { FileWrites } from '../core/event/file-writes.ts';
import type { VapidKeys, WebPushSubscription } from '../core/delivery/web-push.ts';
import type { Format, Message, StoredMessage } from '../core/message/message.ts';
import type { ChannelOutput, MessagePart, NameChecks } from '../core/compile/registry.ts';
import type { Clock } from '../lib/time/clock.ts';
import type { Machine } from '../lib/machine/machine.ts';
import type { Log } from '../lib/log.ts';
import type { AttemptEnding } from './kit/http/exchange/record.ts';
import type { HttpClient } from './kit/http/client.ts';
import type { Dialer } from './kit/net/dialer.ts';
import { loadMarkdown } from './kit/text/markdown.ts';

/** Context of one send. */
export interface SendIo {
  readonly delivery: Delivery;
  /** Aborts at the attempt's deadline or when the daemon is killed; every wait takes it. */
  readonly ending: AttemptEnding;
  /** The same as an AbortSignal, for code that needs one. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

/** Tools of an open channel, which the daemon owns and closes. */
export interface ChannelTools {
  readonly name: string;
  /** One connection pool per channel. */
  readonly http: HttpClient;
  /** Opens connections of other protocols, with one resolver per channel. Connections that it did not open or check break `daemon.egress`. */
  readonly net: Dialer;
  readonly clock: Clock;
  /** Child logger of this channel, which masks secrets. */
  readonly log: Log;
  /** Pushes to connected WebSocket users. */
  readonly push: PushGateway;
  /** Browsers of users that take Web Push. */
  readonly subscriptions: WebPushSubscriptions;
  /** Texts that survive a restart. */
  readonly memory: ChannelMemory;
  /** Folders below which files may be attached. */
  readonly attachFrom: readonly string[];
  /** Records what the channel writes to files, for sources that watch them. */
  readonly writes: Pick<FileWrites, 'begin'>;
  /** Name of this machine, for example for Message-ID. */
  readonly hostname: string;
  /** The daemon's environment, for channels that start programs or need a desktop session; settings never come from it. */
  readonly env: Environment;
}

/** Small texts of one channel, the same for every instance. The oldest of more than 1,000 are forgotten. */
export interface ChannelMemory {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Push to connected users, for the `websocket` channel; implemented by `http/`. */
export interface PushGateway {
  /**
   * Durable when it resolves: the users in `to` (`*`: all) get the message at once, or when they connect again,
   * until `keepUntil` (milliseconds since the epoch). A repeated push of the same delivery has no effect.
   */
  push(request: {
    delivery: Delivery;
    message: Message;
    to: readonly string[];
    require: 'any' | 'all';
    keepUntil: number;
  }): Promise<void>;
}

/** Browsers that take Web Push, for the `webpush` channel; implemented by `app/`. */
export interface WebPushSubscriptions {
  /** Keys of this daemon; made at the first call, then always the same. */
  keys(): Promise<VapidKeys>;
  of(user: string): Promise<readonly WebPushSubscription[]>;
  /** Forgets a browser. Resolves to false if it was not known for this user. */
  end(user: string, endpoint: string): Promise<boolean>;
}

/** The message was handed over durably, and its receipt comes later. Until then the delivery is `sending`; after `until` it is dead as `expired`. */
export interface AwaitedReceipt {
  readonly awaiting: 'receipt';
  readonly until: number;
}

/** An open channel. `send` resolves to the receipt, or rejects with a `SendFailure`. It does not retry, queue, log its settings or fan out. */
export interface Notifier {
  send(message: Message, io: SendIo): Promise<Receipt | AwaitedReceipt>;
  close?(): Promise<void>;
}

/** Parts of a message that a channel shows: in their own form (`kept`), or as text (`text`). Others are dropped. */
export type MessageSupport = { readonly [part in MessagePart]?: 'kept' | 'text' };

/** Makes a `MessageSupport` of two lists of names, separated by spaces. */
export const supports = ({
  kept = '',
  text = '',
}: {
  readonly kept?: string;
  readonly text?: string;
}): MessageSupport =>
  Object.fromEntries([...words(kept).map((part) => [part, 'kept']), ...words(text).map((part) => [part, 'text'])]);

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

/** Guide to a channel type for a new user, shown in the reference. */
export interface ChannelGuide {
  /** Steps by which a person gets the key, one line each; at most three. */
  readonly setup?: readonly string[];
  /** Settings as in YAML, without `type`. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** Content of a receipt, such as `id of the message`; absent if the provider gives nothing. */
  readonly receipt?: string;
  /** Effect of a repeated message, as a sentence, where `idempotent` alone does not say it. */
  readonly repeats?: string;
}

export interface ChannelLimits {
  /** The provider's documented rate, used when `delivery.rate` is unset. */
  readonly rate?: string;
  /** The provider's documented limit of the text, for people: `4,096 UTF-16 units`. Longer text is cut with a mark. */
  readonly text?: string;
  /** Other defaults of `delivery` for this type. */
  readonly concurrency?: number;
  readonly timeout?: string;
}

/** Server to which a channel connects. */
export interface ChannelEndpoint {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte. `upgrade`: TLS after `upgrade` has run. */
  readonly tls: 'none' | 'implicit' | 'upgrade';
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string;
  /** Certificates are checked. */
  readonly verify: boolean;
  /** The server speaks HTTP. */
  readonly http?: true;
  /** The server takes datagrams, so that there is no connection to test. */
  readonly datagrams?: true;
  /** Proxy on the way to the server; `connect` rejects with an error that has a code, such as `proxy.refused`. */
  readonly via?: { readonly name: string; connect(): Promise<Socket> };
  /** Asks the server to begin TLS on this connection. Rejects if it refuses. */
  readonly upgrade?: (socket: Socket) => Promise<void>;
}

/** Parts of the machine and the network that an open channel uses, for `belfry doctor`. */
export interface ChannelUses {
  readonly endpoints?: readonly ChannelEndpoint[];
  /** Program that is run for each message; undefined in a template. */
  readonly program?: string;
  readonly runsProgram?: true;
  /** Files and folders that are written or read. */
  readonly files?: readonly string[];
}

/** Check of one channel by `belfry doctor`. It sends no message and must not throw. */
export interface ChannelCheck<S = unknown> extends DoctorCheckInfo {
  run(settings: S, machine: Machine): Promise<readonly DoctorResult[]> | readonly DoctorResult[];
}

/** Press of a button, as a provider reports it. */
export interface ButtonPress {
  /** `press` of the action. */
  readonly token: string;
  /** Name of the person, as others in the chat see it. */
  readonly name: string;
  /** Names of the chat in the form of recipients. The press counts only if one of them is a recipient of the message. Absent if the chat cannot be compared. */
  readonly chat?: readonly string[];
}

/** Answer to a press, in words for the person. */
export interface PressAnswer {
  readonly text: string;
  /** The press did what the button says. */
  readonly isDone: boolean;
  /** Buttons of the message that can do nothing more: this one, or all on the alert. The message may show `text` in their place. */
  readonly ends: 'nothing' | 'button' | 'alert';
}

/** Tools of a connection over which a provider reports presses. */
export interface ListenTools {
  readonly http: HttpClient;
  readonly net: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the connection is to end. */
  readonly signal: AbortSignal;
  /** Position in the reports of the provider, which outlives a restart. */
  readonly position: { read(): Promise<string | undefined>; write(position: string): Promise<void> };
  /** Does what the button says. Rejects while the disk is full. */
  press(press: ButtonPress): Promise<PressAnswer>;
  /** Reports a fault that lasts; undefined when it is over. */
  onFault(text: string | undefined): void;
}

/** Buttons whose presses the provider reports over a connection that the daemon opens, so that nobody needs to reach the daemon. */
export interface ChannelButtons<S> {
  /** Name of the connection that the settings ask for; channels with the same name share one. Undefined when they ask for none. May contain a secret. */
  connection(settings: S): string | undefined;
  /** Recipients of a message, with which the chat of a press is compared. */
  recipients?(message: StoredMessage, settings: S): readonly string[];
  /** Receives presses until the signal aborts; resolves when everything is closed. */
  listen(settings: S, tools: ListenTools): Promise<void>;
}

/** A message that would be sent. `delivery` is not stored. */
export interface PreviewRequest {
  readonly message: Message;
  readonly delivery: Delivery;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Body that a channel would send, with its media type; or the failure with which it would refuse the message. */
export type ChannelPreview =
  | { readonly content_type: string; readonly body: string; readonly error?: undefined }
  | { readonly error: string };

/** Milliseconds in which a send must end, and report its result, after its signal has aborted. */
export const SETTLE_MS = 3000;

/** A channel type. `settings` is the schema of the YAML settings without `type` and `delivery`; the static types follow from it. */
export interface ChannelType<S extends TSchema = TSchema> extends ChannelGuide {
  readonly type: string;
  /** One line for the reference table. */
  readonly summary: string;
  /** The provider's page. */
  readonly documentation: string;
  readonly settings: S;
  readonly limits: ChannelLimits;
  /** Number of keys in the settings; the rate in `limits` is that of one key. */
  readonly keyCount?: (settings: Static<S>) => number;
  readonly supports?: MessageSupport;
  /** The channel reads the files of `attach`, and attaches those below the folders of `daemon.attach_from`. */
  readonly attachesFiles?: true;
  /** The provider drops a repeated delivery id, or readers can, so an unknown outcome may be retried. */
  readonly idempotent: boolean;
  /** Addresses of servers come from users: private networks are denied, except those in `daemon.egress.allow`. */
  readonly publicServersOnly?: true;
  /** Escapes a value from an event for the markup of the channel; by default for CommonMark or HTML. */
  readonly escape?: (text: string, format: Format) => string;
  /** Finds problems that a schema cannot express (a missing icon, two settings that exclude each other); pointers are relative to the channel. May read files. */
  readonly check?: (
    settings: Static<S>,
  ) => readonly { readonly pointer: string; readonly message: string; readonly mend: string }[];
  /** Finds names in `to` and `mention` of a message that the channel can never use; a rule that contains such a name is refused. */
  readonly names?: NameChecks;
  /** Reason, in one sentence, why channels of this type cannot work on this machine; undefined when they can. */
  readonly unavailable?: (env: Environment) => string | undefined;
  /** Buttons of its own. Without them the buttons of an alert are links. */
  readonly buttons?: ChannelButtons<Static<S>>;
  /** Parts of the machine and the network that it uses. */
  readonly uses?: (settings: Static<S>) => ChannelUses;
  /** Destination of its messages, by which `belfry check` finds loops. */
  readonly output?: (settings: Static<S>) => ChannelOutput;
  /** Causes of silence that only this type has. */
  readonly doctorChecks?: readonly ChannelCheck<Static<S>>[];
  /** Shows what would be sent for a message, without sending it; undefined if that cannot be known here. Reads no file. */
  readonly preview?: (settings: Static<S>, request: PreviewRequest) => ChannelPreview | undefined;
  open(settings: Static<S>, tools: ChannelTools): Notifier;
}

/** Types that belong together, under one heading of the reference. */
export interface ChannelFamily {
  readonly name: string;
  readonly types: readonly ChannelType[];
}

/** Checks the static types of a channel against its schema, and loads the Markdown parser before the first message that needs it. */
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
