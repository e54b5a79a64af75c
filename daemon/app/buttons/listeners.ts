import type { ChannelType, ListenTools } from '../../channels/channel.ts';
import type { HttpClient } from '../../channels/kit/http/client.ts';
import type { Dialer } from '../../channels/kit/net/dialer.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { ChannelConfig, Ruleset } from '../../core/ruleset.ts';
import { faultLog } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { ButtonApi } from '../../http/daemon-api.ts';
import type { Store } from '../../store/store.ts';
import { answerTo } from './answers.ts';

/** Client of a channel for the presses of its buttons. */
export interface ListenClient {
  readonly http: HttpClient;
  readonly net: Dialer;
  close(): Promise<void>;
}

export interface ListenersDeps {
  readonly types: readonly ChannelType[];
  readonly buttons: Pick<ButtonApi, 'press'>;
  readonly live: () => Ruleset;
  readonly store: Pick<Store, 'checkpoints'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly open: (type: ChannelType, config: ChannelConfig) => ListenClient;
}

interface Listener {
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
}

/** Key of the checkpoint of a connection. */
const POSITION_KEY = 'position';

/**
 * Connections over which providers report presses of buttons: one for each bot or app, also if several channels use it. They begin and end
 * with the channels of the rules; an unchanged connection goes on over a reload.
 */
export class ButtonListeners {
  readonly #deps: ListenersDeps;
  readonly #listeners = new Map<string, Listener>();
  readonly #ending = new Set<Promise<void>>();
  readonly #faults = new Map<string, string>();

  constructor(deps: ListenersDeps) {
    this.#deps = deps;
  }

  /** Faults that last, each with the name of a channel. */
  get faults(): readonly string[] {
    return [...this.#faults.values()];
  }

  apply(channels: ReadonlyMap<string, ChannelConfig>): void {
    const wanted = new Map<string, { readonly config: ChannelConfig; readonly type: ChannelType }>();
    for (const config of channels.values()) {
      const type = this.#deps.types.find((one) => one.type === config.type);
      const connection = type?.buttons?.connection(config.settings);
      if (type === undefined || connection === undefined) continue;
      const key = sha256(JSON.stringify([type.type, connection, config.network]));
      if (!wanted.has(key)) wanted.set(key, { config, type });
    }
    for (const [key, listener] of this.#listeners) if (!wanted.has(key)) this.#end(key, listener);
    for (const [key, { config, type }] of wanted)
      if (!this.#listeners.has(key)) this.#listeners.set(key, this.#begin(key, config, type));
  }

  /** Resolves when every connection is closed. */
  async stop(): Promise<void> {
    for (const [key, listener] of this.#listeners) this.#end(key, listener);
    await Promise.all(this.#ending);
  }

  #end(key: string, { stopping, ended }: Listener): void {
    this.#listeners.delete(key);
    const ending = ended.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    stopping.abort();
  }

  #begin(key: string, config: ChannelConfig, type: ChannelType): Listener {
    const { log } = this.#deps;
    const stopping = new AbortController();
    const client = this.#deps.open(type, config);
    const tools = this.#toolsOf(key, config, type, client, stopping.signal);
    const listening = type
      .buttons!.listen(config.settings, tools)
      .catch((error: unknown) =>
        log.error({ stack: (error as Error).stack }, `${config.name}: the channel has a bug; presses are not received`),
      );
    // Closed at once, so that a connection that is being opened does not delay a stop.
    const closed = new Promise<void>((resolve, reject) => {
      stopping.signal.addEventListener('abort', () => void client.close().then(resolve, reject), { once: true });
    });
    const ended = Promise.all([listening, closed]).then(() => void this.#faults.delete(key));
    return { stopping, ended };
  }

  #toolsOf(
    key: string,
    { name }: ChannelConfig,
    type: ChannelType,
    { http, net }: ListenClient,
    signal: AbortSignal,
  ): ListenTools {
    const { clock, log: daemonLog, buttons, store } = this.#deps;
    const log = daemonLog.child({ channel: name });
    const report = faultLog(log, 'presses of buttons are received again');
    const scope = `presses:${key}`;
    return {
      http,
      net,
      clock,
      log,
      signal,
      position: {
        read: () => store.checkpoints.get(scope, POSITION_KEY),
        write: (value) => store.checkpoints.write(scope, [{ key: POSITION_KEY, value }]),
      },
      press: async ({ token, name: person, chat }) => {
        const mayPress = this.#mayPress(type, chat);
        return answerTo(await buttons.press(token, { name: person, mayPress }), person);
      },
      onFault: (text) => {
        report(text);
        if (text === undefined) this.#faults.delete(key);
        else this.#faults.set(key, `channel ${name}: ${text}`);
      },
    };
  }

  /** The press must come from a channel type and a chat to which the message went. */
  #mayPress(type: ChannelType, chat: readonly string[] | undefined) {
    return ({ channel, message }: Delivery): boolean => {
      const config = this.#deps.live().channels.get(channel);
      if (config?.type !== type.type) return false;
      const recipients = type.buttons!.recipients?.(message, config.settings);
      if (chat === undefined || recipients === undefined) return true;
      const names = chat.map((one) => one.toLowerCase());
      return recipients.some((one) => names.includes(one.toLowerCase()));
    };
  }
}
