import type { NameChecks, SettingProblem } from '../../../core/compile/registry.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import type { strict } from '../../../core/schema/fields.ts';
import type { Static, TProperties } from '../../../core/schema/type.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { ChannelButtons, ChannelGuide, ChannelLimits, SendIo } from '../../channel.ts';
import type { MentionFaultOf, Mentions } from '../chat/mention.ts';
import type { Markup } from '../text/layout.ts';
import type { Answers } from './answers.ts';
import type { AccessTokenSource } from './credentials/access-token.ts';
import { connectionSettings } from './connect/connection.ts';
import type { ChannelRequests } from './request.ts';
import { type ApiDefault, apiSetting, headersSetting } from './settings.ts';

/** Settings that every HTTP channel has. */
export const commonSettings = (api?: ApiDefault) => ({
  api: apiSetting(api),
  headers: headersSetting(),
  ...connectionSettings(),
});

/** Decoded settings of a channel. */
export type Settings<P extends TProperties> = Static<ReturnType<typeof strict<P>>> &
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
  /** Folders below which files may be attached. */
  readonly attachFrom: readonly string[];
  /** Valid names of the setting `mention` and of the message. */
  readonly mentions: Mentions;
  /** One of `recipients`; empty for a channel without. */
  readonly to: string;
  /** Receipt id of an earlier message with the same key of `follows`. */
  readonly earlier: string | undefined;
  /** Token of `access`; empty for a channel without. */
  readonly accessToken: string;
  /** One of the keys of `pool`; empty for a channel without. */
  readonly key: string;
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
  /** Settings besides `commonSettings`. One named `url` is a whole address of the provider. */
  readonly settings: P;
  /** Settings that contain a key, each with the text before the key in a URL of the provider (may be empty). */
  readonly keys?: { readonly [name in keyof P]?: string };
  readonly limits: ChannelLimits;
  /** Parts of a message that are shown in their own form, and those that are shown as text; names separated by spaces. Others are dropped. */
  readonly supports: { readonly kept: string; readonly text?: string };
  /** The channel reads the files of `attach`, by `attachFrom`. */
  readonly attachesFiles?: true;
  /** The provider drops a repeated delivery. */
  readonly idempotent?: boolean;
  /** Short-lived token that the provider gives for the credentials of an app. */
  readonly access?: AccessTokenSource<Settings<P>>;
  /** Keys that take turns, because the provider limits each of them. */
  readonly pool?: (settings: Settings<P>) => readonly Secret[];
  /** Decides how values from events are escaped. */
  readonly markup: Markup;
  /** Finds names that mention nobody; absent if the provider has no mentions. */
  readonly mentionFault?: MentionFaultOf;
  readonly names?: Pick<NameChecks, 'to'>;
  /** Checks that need more than one setting. */
  readonly check?: (settings: Settings<P>) => readonly SettingProblem[];
  /** Recipients that each get a request of their own. */
  readonly recipients?: (message: Message, settings: Settings<P>) => readonly string[];
  /** Buttons whose presses the provider reports over a connection of the daemon. */
  readonly buttons?: ChannelButtons<Settings<P>>;
  /** Later messages that change or answer an earlier one. */
  readonly follows?: {
    /**
     * Messages with the same key belong together; undefined for a message of its own. Ids outlive edits of the rules, so the key
     * contains the settings that choose the destination.
     */
    key(message: Message, delivery: Delivery, settings: Settings<P>): string | undefined;
    /** Whole codes, as `read` returns them, which say that the earlier message is gone: the message is then sent as a new one. They need no entry in `codes`. */
    readonly gone: readonly string[];
    /** The alert that follows a resolved one begins with a new message, since a change of the old one notifies nobody. */
    readonly untilResolved?: boolean;
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

/** Base URL of the API; empty for a channel without. */
export function apiOf<P extends TProperties>({ api = '' }: HttpChannel<P>, settings: Settings<P>): string {
  return settings.api ?? (typeof api === 'function' ? api(settings) : api);
}
