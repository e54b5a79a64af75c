import type { Receipt } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { ChannelTools, Notifier, SendIo } from '../channel.ts';
import type { AttemptEnding } from '../kit/http/exchange/record.ts';
import { packError } from './pack.ts';
import type { ForInstance, PluginThread } from './plugin-thread.ts';
import type { OpenRequest, Posted, WantedAnswer } from './protocol.ts';

/** Time after the deadline in which a send must end, and in which a thread must then answer that it is alive. */
const GRACE_MS = 1000;

/** The plugin of a channel. */
export interface OpenPlugin {
  /** The running thread. */
  readonly thread: PluginThread;
  readonly clock: Clock;
  closed(instance: number): void;
}

/** An open channel of a plugin: the part in the daemon, which gives the plugin its tools. */
export class PluginNotifier implements Notifier {
  readonly #plugin: OpenPlugin;
  readonly #instance: number;
  readonly #request: Pick<OpenRequest, 'type' | 'settings'>;
  readonly #tools: ChannelTools;
  readonly #endings = new Map<number, AttemptEnding>();
  /** The thread in which the channel is open, or is being opened. */
  #openIn: PluginThread | undefined;
  #opening: Promise<unknown> | undefined;

  constructor(
    plugin: OpenPlugin,
    instance: number,
    request: Pick<OpenRequest, 'type' | 'settings'>,
    tools: ChannelTools,
  ) {
    this.#plugin = plugin;
    this.#instance = instance;
    this.#request = request;
    this.#tools = tools;
  }

  async send(message: Message, io: SendIo): Promise<Receipt> {
    const { ending, delivery, attempt } = io;
    if (ending.aborted) throw new SendFailure('transient', 'plugin.aborted', 'the attempt ended before it began');
    const thread = await this.#opened();
    const instance = this.#instance;
    let call = 0;
    const sent = thread.request(
      (number) => ({ kind: 'send', call: number, instance, message, delivery, attempt }),
      (number) => {
        call = number;
        this.#endings.set(number, ending);
      },
    );
    const end = this.#endOverdue(thread, call, ending);
    try {
      return (await Promise.race([sent, end.overdue])) ?? {};
    } finally {
      end.cancel();
      this.#endings.delete(call);
    }
  }

  async close(): Promise<void> {
    const thread = this.#openIn;
    this.#openIn = undefined;
    if (thread?.isEnded === false) {
      const closed = thread.request((call) => ({ kind: 'close', call, instance: this.#instance }));
      await Promise.race([closed.catch(() => undefined), this.#pause()]);
    }
    this.#plugin.closed(this.#instance);
  }

  /** A message of the plugin to this channel: a line for the log, or a tool that it needs. */
  on(message: ForInstance): void {
    if (message.kind === 'log') return this.#tools.log[message.level](message.fields, message.text);
    const thread = this.#openIn;
    this.#wanted(message).then(
      (value) => thread?.post({ kind: 'wanted', want: message.want, result: { ok: true, value } }),
      (error: unknown) => {
        const result: Posted<never> = { ok: false, error: packError(error) };
        thread?.post({ kind: 'wanted', want: message.want, result });
      },
    );
  }

  async #wanted({ what, send }: Extract<ForInstance, { kind: 'want' }>): Promise<WantedAnswer> {
    const { http, memory } = this.#tools;
    if (what.tool === 'memory.get') return await memory.get(what.key);
    if (what.tool === 'memory.set') {
      await memory.set(what.key, what.value);
      return undefined;
    }
    const ending = this.#endings.get(send ?? 0);
    if (ending === undefined) throw new Error('`http.request` needs the `ending` of a send that is still running');
    const { body, ...request } = what.request;
    const bytes = body === undefined || typeof body === 'string' ? body : Buffer.from(body);
    return await http.request({ ...request, ...(bytes !== undefined && { body: bytes }), ending });
  }

  /** The thread of the plugin, in which the channel is open. */
  async #opened(): Promise<PluginThread> {
    const { thread } = this.#plugin;
    if (thread !== this.#openIn) {
      this.#openIn = thread;
      this.#opening = this.#open(thread);
    }
    await this.#opening;
    return thread;
  }

  async #open(thread: PluginThread): Promise<void> {
    const { name, hostname, env, attachFrom } = this.#tools;
    const request: OpenRequest = { ...this.#request, instance: this.#instance, name, hostname, env, attachFrom };
    try {
      await thread.request((call) => ({ kind: 'open', call, request }));
    } catch (cause) {
      if (this.#openIn === thread) this.#openIn = undefined;
      if (cause instanceof SendFailure) throw cause;
      const message = `the channel cannot be opened: ${(cause as Error).message}`;
      throw new SendFailure('permanent', 'channel.open', message, { misconfigured: true, cause });
    }
  }

  /** Reports to the plugin that the deadline has passed. A send that does not end is given up; a thread that does not answer is ended. */
  #endOverdue(
    thread: PluginThread,
    call: number,
    ending: AttemptEnding,
  ): { readonly overdue: Promise<never>; readonly cancel: () => void } {
    let cancelTimer = (): void => undefined;
    let giveUp: (failure: SendFailure) => void;
    const overdue = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
    });
    overdue.catch(() => undefined);
    const onOverdue = (): void => {
      const alive = thread.request((number) => ({ kind: 'ping', call: number }));
      cancelTimer = this.#plugin.clock.after(GRACE_MS, () =>
        thread.end('it did not answer; it may be in an endless loop'),
      );
      alive.then(
        () => {
          cancelTimer();
          giveUp(new SendFailure('unknown', 'plugin.no_answer', 'the plugin did not end its send after the deadline'));
        },
        () => undefined,
      );
    };
    const onAbort = (): void => {
      thread.post({ kind: 'abort', call, reason: 'the attempt has ended' });
      cancelTimer = this.#plugin.clock.after(GRACE_MS, onOverdue);
    };
    ending.addEventListener('abort', onAbort);
    return {
      overdue,
      cancel() {
        ending.removeEventListener('abort', onAbort);
        cancelTimer();
      },
    };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#plugin.clock.after(GRACE_MS, resolve));
  }
}
