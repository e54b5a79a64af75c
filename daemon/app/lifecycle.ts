import type { Lanes } from '../delivery/lanes.ts';
import type { Resending } from '../delivery/manual/resend.ts';
import type { Listener } from '../http/server.ts';
import { type Clock, pause } from '../lib/time/clock.ts';
import { findTestFiles } from '../simulation/run-tests.ts';
import { watchRules } from '../reload/watch.ts';
import type { ServiceNotice } from '../service/sd-notify.ts';
import { watchDisk } from './runtime/disk-watch.ts';
import type { Foundation } from './open-state.ts';
import type { Intake } from './runtime/intake.ts';
import { logProblems, type Reloading, warningsIn } from './reload.ts';
import type { RunningSources } from './runtime/sources.ts';
import type { Timers } from './runtime/timers.ts';

export interface LifecycleParts {
  readonly foundation: Foundation;
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly sources: RunningSources;
  readonly timers: Timers;
  readonly reloading: Reloading;
  readonly resending: Resending;
  readonly service: ServiceNotice;
  readonly clock: Clock;
  /** Tells rules that the daemon runs. */
  readonly started: () => void;
}

/** What attempts that are on their way get to end, milliseconds. */
const GRACE = 20_000;
const TRIM_EVERY = 10 * 60_000;

/** starting -> ready -> stopping. Starts what acts by itself, in order, and stops it in the reverse one. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #stopping = new AbortController();
  #refusing: string | undefined = 'starting';
  #background: Promise<unknown>[] = [];
  #listener: Listener | undefined;
  #stopped: Promise<void> | undefined;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /** Why it takes no events; undefined when it does. */
  get refusing(): string | undefined {
    return this.#refusing ?? this.#parts.foundation.store.refusing;
  }

  async start(listener: Listener): Promise<void> {
    const { foundation, intake, lanes, sources, timers, resending, service, started } = this.#parts;
    const { live, prepared, log, paths, inbox } = foundation;
    this.#listener = listener;
    const answered = await resending.reconcile();
    if (answered > 0)
      log.info({ letters: answered }, 'dead letters: had been answered before the last stop; they have left the file');
    await lanes.apply(prepared.ruleset.channels);
    await timers.retimeAll(prepared.ruleset.rules);
    const change = await sources.prepare(prepared.ruleset.sources);
    await change.commit();
    await inbox.take((events) => intake.accept(events));
    // Events of the inbox may end an alert that is about to fire.
    timers.start();
    if (prepared.ruleset.daemon.reload.watch) this.#background.push(this.#watch());
    this.#background.push(
      this.#trim(),
      watchDisk({ ...foundation, clock: this.#parts.clock, signal: this.#stopping.signal }),
    );
    this.#refusing = undefined;
    log.info(
      {
        generation: live.generation,
        listen: listener.address,
        socket: paths.socket,
        state: paths.state,
        rules: live.ruleset.rules.length,
      },
      'ready',
    );
    service.ready(`generation ${live.generation}`);
    started();
    this.#background.push(warningsIn(live, log).then((warnings) => logProblems(warnings, log, 'rules')));
  }

  /** Once, however often it is asked for. */
  stop(graceful: boolean): Promise<void> {
    this.#stopped ??= this.#stop(graceful);
    return this.#stopped;
  }

  async #stop(graceful: boolean): Promise<void> {
    const { foundation, intake, lanes, sources, timers, reloading, service } = this.#parts;
    this.#refusing = 'stopping';
    foundation.log.info('stopping');
    service.stopping();
    this.#stopping.abort();
    this.#listener?.stopAccepting();
    await Promise.allSettled([...this.#background, reloading.idle()]);
    await sources.stop();
    await timers.stop();
    await intake.stop();
    await lanes.stop(graceful ? GRACE : 0);
    await foundation.closers
      .close()
      .catch((error: unknown) =>
        foundation.log.warn({ error: (error as Error).message }, 'not everything closed well'),
      );
    foundation.log.info('stopped');
  }

  async #watch(): Promise<void> {
    const { foundation, reloading, clock } = this.#parts;
    const { live, log } = foundation;
    await watchRules({
      root: live.root,
      clock,
      // A test that is mended may let in the rules that it had kept out.
      alsoWatch: async () => [
        ...live.secretFiles,
        ...(live.ruleset.daemon.reload.requireTests ? await findTestFiles(live.root) : []),
      ],
      signal: this.#stopping.signal,
      changed: async () => {
        await reloading.reload();
      },
    }).catch((error: unknown) =>
      log.error(
        { error: (error as Error).message },
        'the rules are no longer watched; `belfry reload` still reads them',
      ),
    );
  }

  /** History is kept as long as `retention` says. */
  async #trim(): Promise<void> {
    const { foundation, clock } = this.#parts;
    const { store, live, log } = foundation;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { events, size } = live.ruleset.daemon.retention;
      try {
        await store.trim({ before: clock.now() - events, bytes: size });
        await store.pushes.trim(clock.now());
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'history could not be trimmed');
      }
      await pause(clock, TRIM_EVERY, signal);
    }
  }
}
