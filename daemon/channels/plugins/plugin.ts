import { escapeFor } from '../../core/message/escape.ts';
import type { ChannelTypeInfo } from '../../core/compile/registry.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { ChannelTools, ChannelType, ChannelUses, Notifier } from '../channel.ts';
import { packSettings } from './pack.ts';
import { type OpenPlugin, PluginNotifier } from './plugin-notifier.ts';
import { type ForInstance, PluginThread } from './plugin-thread.ts';
import type { SyncMethod, TypeDescription, WorkerStart } from './protocol.ts';

/** Log of what happens to plugins outside of a send. */
export interface PluginLog {
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface PluginDeps {
  /** The program of the worker thread. */
  readonly script: URL;
  readonly start: WorkerStart;
  /** Name in log lines: the file. */
  readonly name: string;
  readonly log: PluginLog;
  readonly clock: Clock;
}

/** Calls in a row that a plugin may leave unanswered until its file changes. */
const MAX_UNANSWERED = 3;

/** A loaded plugin. Its thread is started again when it is needed after it has ended. */
export class Plugin implements OpenPlugin {
  readonly #deps: PluginDeps;
  readonly #notifiers = new Map<number, PluginNotifier>();
  #thread: PluginThread;
  #nextInstance = 0;
  #unanswered = 0;
  #isRetired = false;

  constructor(deps: PluginDeps) {
    this.#deps = deps;
    this.#thread = this.#startThread();
  }

  /** The types of the plugin; `version` differs for each content of its file. Rejects with a `PluginFault`. */
  async types(file: string, version: string): Promise<readonly ChannelTypeInfo[]> {
    const described = await this.#thread.described;
    return described.map((description) => this.#typeOf(description, { file, version }));
  }

  /** The running thread; a new one if it has ended. */
  get thread(): PluginThread {
    if (this.#thread.isEnded && !this.#isRetired) this.#thread = this.#startThread();
    return this.#thread;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  /** Ends the thread as soon as no channel of the plugin is open. */
  retire(): void {
    this.#isRetired = true;
    this.#endIfUnused();
  }

  closed(instance: number): void {
    this.#notifiers.delete(instance);
    this.#endIfUnused();
  }

  #endIfUnused(): void {
    if (this.#isRetired && this.#notifiers.size === 0) this.#thread.end('it was replaced');
  }

  #startThread(): PluginThread {
    const { script, start, name, log, clock } = this.#deps;
    return new PluginThread({
      script,
      start,
      clock,
      onMessage: (message: ForInstance) => this.#notifiers.get(message.instance)?.on(message),
      onEnd: (reason) => {
        if (!this.#isRetired)
          log.error({ plugin: name, reason }, 'a plugin was ended; its next message starts it again');
      },
    });
  }

  #typeOf(description: TypeDescription, plugin: NonNullable<ChannelTypeInfo['plugin']>): ChannelTypeInfo {
    const { has, settings, ...rest } = description;
    const { type } = rest;
    const call = <T>(method: SyncMethod, args: readonly unknown[], otherwise: T): T => {
      const answer = this.#callSync(type, method, args);
      return answer === undefined ? otherwise : (answer.value as T);
    };
    const open = (given: unknown, tools: ChannelTools): Notifier => this.#open(type, given, tools);
    const made: Omit<ChannelType, 'settings'> & ChannelTypeInfo = {
      ...rest,
      plugin,
      settings: settings as unknown as ChannelTypeInfo['settings'],
      open,
      ...(has.escape && { escape: (text, format) => this.#escape(type, text, format) }),
      ...(has.check && {
        check: (given) => call('check', [packSettings(given)], NO_ANSWER),
      }),
      ...(has.uses && { uses: (given) => call<ChannelUses>('uses', [packSettings(given)], {}) }),
      names: Object.fromEntries(has.names.map((field) => [field, (text: string) => call(field, [text], undefined)])),
    };
    return made;
  }

  /** Undefined if the plugin does not answer. The whole daemon waits for each answer, so a plugin that gave none several times is not asked again. */
  #callSync(...call: Parameters<PluginThread['callSync']>): ReturnType<PluginThread['callSync']> {
    if (this.#unanswered >= MAX_UNANSWERED) return undefined;
    const answer = this.thread.callSync(...call);
    this.#unanswered = answer === undefined ? this.#unanswered + 1 : 0;
    return answer;
  }

  /** An escape that fails must not lose a message or let text through as it is. */
  #escape(type: string, text: string, format: Parameters<typeof escapeFor>[1]): string {
    try {
      const answer = this.#callSync(type, 'escape', [text, format]);
      if (typeof answer?.value === 'string') return answer.value;
    } catch (error) {
      this.#deps.log.warn({ plugin: this.#deps.name, error: (error as Error).message }, '`escape` of a plugin failed');
    }
    return escapeFor(text, format);
  }

  #open(type: string, given: unknown, tools: ChannelTools): Notifier {
    this.#nextInstance += 1;
    const notifier = new PluginNotifier(this, this.#nextInstance, { type, settings: packSettings(given) }, tools);
    this.#notifiers.set(this.#nextInstance, notifier);
    return notifier;
  }
}

const NO_ANSWER = [
  {
    pointer: '',
    message: 'the plugin of this type does not answer',
    mend: 'look for an endless loop in its `check`',
  },
];
