import { NO_WRITES } from '../../core/event/file-writes.ts';
import type { Receipt } from '../../core/delivery/delivery.ts';
import type { Log } from '../../lib/log.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { ChannelTools, ChannelType, Notifier } from '../channel.ts';
import { openDialer } from '../kit/net/dialer.ts';
import { packError, unpackError, unpackSettings } from './pack.ts';
import type { FromWorker, LogLevel, OpenRequest, Posted, ToWorker, Wanted, WantedAnswer } from './protocol.ts';

type Request = Exclude<ToWorker, { kind: 'sync' }>;

/** The open channels of a plugin, in its worker. Tools of the daemon are called by messages. */
export class WorkerChannels {
  readonly #types: readonly ChannelType[];
  readonly #post: (message: FromWorker) => void;
  readonly #open = new Map<number, Notifier>();
  readonly #sends = new Map<number, AbortController>();
  /** Call of the send to which a signal belongs. */
  readonly #callOf = new WeakMap<object, number>();
  readonly #wants = new Map<number, (result: Posted<unknown>) => void>();
  #nextWant = 0;

  constructor(types: readonly ChannelType[], post: (message: FromWorker) => void) {
    this.#types = types;
    this.#post = post;
  }

  handle(message: Request): void {
    if (message.kind === 'abort') return this.#sends.get(message.call)?.abort(abortError(message.reason));
    if (message.kind === 'wanted') {
      this.#wants.get(message.want)?.(message.result);
      this.#wants.delete(message.want);
      return;
    }
    const { call } = message;
    // A plugin may throw at once, reject later, or never settle; the last is for the daemon to notice.
    new Promise<Receipt | undefined>((resolve) => resolve(this.#run(message))).then(
      (value) => this.#result(call, { ok: true, value }),
      (error: unknown) => this.#result(call, { ok: false, error: packError(error) }),
    );
  }

  #result(call: number, result: Posted<Receipt | undefined>): void {
    this.#sends.delete(call);
    try {
      this.#post({ kind: 'result', call, result });
    } catch {
      const error = { message: 'the channel answered with something that cannot be copied' };
      this.#post({ kind: 'result', call, result: { ok: false, error } });
    }
  }

  async #run(message: Exclude<Request, { kind: 'abort' | 'wanted' }>): Promise<Receipt | undefined> {
    switch (message.kind) {
      case 'ping':
        return undefined;
      case 'open': {
        const { instance, type } = message.request;
        const found = this.#types.find((one) => one.type === type)!;
        this.#open.set(instance, found.open(unpackSettings(message.request.settings), this.#tools(message.request)));
        return undefined;
      }
      case 'close': {
        const notifier = this.#open.get(message.instance);
        this.#open.delete(message.instance);
        await notifier?.close?.();
        return undefined;
      }
      case 'send': {
        const controller = new AbortController();
        const { signal } = controller;
        this.#sends.set(message.call, controller);
        this.#callOf.set(signal, message.call);
        const { delivery, attempt } = message;
        const io = { delivery, attempt, signal, ending: signal };
        const receipt = await this.#open.get(message.instance)!.send(message.message, io);
        if (typeof receipt !== 'object' || receipt === null) throw new TypeError('`send` gave no receipt');
        if ('awaiting' in receipt) throw new TypeError('`send` of a plugin cannot await its receipt');
        return receipt;
      }
    }
  }

  #tools({ instance, name, hostname, env, attachFrom }: OpenRequest): ChannelTools {
    const want = (what: Wanted, send?: number): Promise<WantedAnswer> =>
      new Promise((resolve, reject) => {
        this.#nextWant += 1;
        this.#wants.set(this.#nextWant, (result) =>
          result.ok ? resolve(result.value as WantedAnswer) : reject(unpackError(result.error)),
        );
        this.#post({ kind: 'want', want: this.#nextWant, instance, send, what });
      });
    const absent = (tool: string): Promise<never> => Promise.reject(new Error(`a plugin cannot use \`${tool}\``));
    return {
      name,
      hostname,
      env,
      attachFrom,
      writes: NO_WRITES,
      clock: systemClock,
      log: this.#log(instance),
      net: openDialer(),
      http: {
        request: async ({ ending, ...request }) =>
          (await want({ tool: 'http', request }, this.#callOf.get(ending))) as Awaited<
            ReturnType<ChannelTools['http']['request']>
          >,
        connect: () => absent('http.connect'),
        close: () => Promise.resolve(),
      },
      memory: {
        get: async (key) => (await want({ tool: 'memory.get', key })) as string | undefined,
        set: async (key, value) => void (await want({ tool: 'memory.set', key, value })),
      },
      push: { push: () => absent('push') },
      subscriptions: {
        keys: () => absent('subscriptions'),
        of: () => absent('subscriptions'),
        end: () => absent('subscriptions'),
      },
    };
  }

  #log(instance: number): Log {
    const at =
      (level: LogLevel) =>
      (fields: object | string, text = ''): void => {
        const isText = typeof fields === 'string';
        this.#post({
          kind: 'log',
          instance,
          level,
          fields: isText ? {} : (JSON.parse(JSON.stringify(fields)) as object),
          text: isText ? fields : text,
        });
      };
    const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    return { ...log, child: () => log } as unknown as Log;
  }
}

const abortError = (reason: string): DOMException => new DOMException(reason, 'AbortError');
