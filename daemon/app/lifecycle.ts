import { withLevel } from '../core/problems/failure.ts';
import type { Lanes } from '../delivery/lanes.ts';
import type { Resending } from '../delivery/manual/resend.ts';
import type { Listener } from '../http/listener/server.ts';
import { type Clock, pause } from '../lib/time/clock.ts';
import { findTestFiles } from '../simulation/run-tests.ts';
import { watchRules } from '../reload/watch.ts';
import type { ServiceNotice } from '../service/sd-notify.ts';
import { watchDisk } from './runtime/disk-watch.ts';
import type { SelfCheck } from './runtime/self-check/self-check.ts';
import type { OpenState } from './state/open-state.ts';
import type { ButtonListeners } from './buttons/listeners.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { Intake } from './runtime/intake.ts';
import { logProblems, type Reloading, warningsIn } from './reload/reloading.ts';
import type { RunningSources } from './runtime/sources.ts';
import type { Timers } from './runtime/timers.ts';

export interface LifecycleDeps {
  readonly state: OpenState;
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly sources: RunningSources;
  readonly timers: Timers;
  readonly listeners: ButtonListeners;
  readonly reloading: Reloading;
  readonly resending: Resending;
  readonly jobs: Jobs;
  readonly service: ServiceNotice;
  readonly selfCheck: Pick<SelfCheck, 'refusing'>;
  readonly clock: Clock;
  /** Called when the daemon is ready. */
  readonly onStarted: () => void;
}

/** Time that attempts in flight get to end at a stop. */
const STOP_GRACE_MS = 20_000;
const TRIM_EVERY_MS = 10 * 60_000;

/** Starts the parts of the daemon in order, and stops them in reverse order: starting -> ready -> stopping. */
export class Lifecycle {
  readonly #deps: LifecycleDeps;
  readonly #stopping = new AbortController();
  #refusing: string | undefined = 'starting';
  #background: Promise<unknown>[] = [];
  #listener: Listener | undefined;
  #stopped: Promise<void> | undefined;

  constructor(deps: LifecycleDeps) {
    this.#deps = deps;
  }

  /** Reason why the daemon accepts no events; undefined if it does. */
  get refusing(): string | undefined {
    return this.#refusing ?? this.#deps.state.store.refusing ?? this.#deps.selfCheck.refusing;
  }

  async start(listener: Listener): Promise<void> {
    const { state, intake, lanes, sources, timers, listeners, resending, service, onStarted } = this.#deps;
    const { live, prepared, log, paths, inbox, kept } = state;
    this.#listener = listener;
    logRejected(state);
    const keeping = kept.save(live.texts);
    const resent = await resending.reconcile();
    if (resent > 0)
      log.info({ letters: resent }, 'dead letters: records that were resent before the last stop are removed');
    await lanes.apply(prepared.ruleset.channels);
    await timers.rescheduleAll(prepared.ruleset.rules);
    const change = await sources.prepare(prepared.ruleset.sources);
    await change.commit();
    await inbox.acceptAll((events) => intake.accept(events));
    // Events of the inbox may end an alert that is about to fire.
    timers.start();
    listeners.apply(prepared.ruleset.channels);
    if (prepared.ruleset.daemon.reload.watch) this.#background.push(this.#watch());
    this.#background.push(
      this.#trim(),
      watchDisk({ ...state, clock: this.#deps.clock, signal: this.#stopping.signal }),
    );
    await keeping;
    this.#refusing = undefined;
    log.info(
      {
        generation: live.generation,
        listen: listener.address,
        socket: listener.socket,
        state: paths.state,
        rules: live.ruleset.rules.length,
      },
      'ready',
    );
    const isWhole = state.rejected.length === 0;
    service.ready(`generation ${live.generation}${isWhole ? '' : ', on the last good rules: see belfry check'}`);
    onStarted();
    this.#background.push(warningsIn(live, log).then((warnings) => logProblems(warnings, log, 'rules')));
  }

  /** Stops once; further calls return the same promise. */
  stop(graceful: boolean): Promise<void> {
    this.#stopped ??= this.#stop(graceful);
    return this.#stopped;
  }

  async #stop(graceful: boolean): Promise<void> {
    const { state, intake, lanes, sources, timers, listeners, reloading, service, jobs } = this.#deps;
    this.#refusing = 'stopping';
    state.log.info('stopping');
    service.stopping();
    state.store.endWaits();
    this.#stopping.abort();
    this.#listener?.stopAccepting();
    await Promise.allSettled([...this.#background, reloading.idle()]);
    const jobsEnded = jobs.stop();
    await listeners.stop();
    await sources.stop();
    await timers.stop();
    await intake.stop();
    await lanes.stop(graceful ? STOP_GRACE_MS : 0);
    await jobsEnded;
    await state.closers
      .close()
      .catch((error: unknown) =>
        state.log.warn({ error: (error as Error).message }, 'some parts did not close cleanly'),
      );
    state.log.info('stopped');
  }

  async #watch(): Promise<void> {
    const { state, reloading, clock } = this.#deps;
    const { live, log } = state;
    await watchRules({
      root: live.root,
      clock,
      // Rules that a test has rejected may pass after the test is corrected.
      alsoWatch: async () => [
        ...live.namedFiles,
        ...(live.ruleset.daemon.reload.requireTests ? await findTestFiles(live.root) : []),
      ],
      signal: this.#stopping.signal,
      onChange: async () => {
        await reloading.reload('watch');
      },
    }).catch((error: unknown) =>
      log.error(
        { error: (error as Error).message },
        'the rules are no longer watched; `belfry reload` still reads them',
      ),
    );
  }

  /** Trims the history to `retention`, repeatedly. */
  async #trim(): Promise<void> {
    const { state, clock } = this.#deps;
    const { store, live, log } = state;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { events, size } = live.ruleset.daemon.retention;
      try {
        await store.trim({ before: clock.now() - events, bytes: size });
        await store.pushes.trim(clock.now());
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'history could not be trimmed');
      }
      await pause(clock, TRIM_EVERY_MS, signal);
    }
  }
}

/** Reports rules on disk that are not in use since the start. */
function logRejected({ rejected, keptAt, log }: OpenState): void {
  if (rejected.length === 0) return;
  logProblems(withLevel('error', rejected), log, 'start');
  log.error(
    { problems: rejected.length, kept_at: keptAt },
    'start: the rules do not load as they are; the last good ones are in force until they are corrected',
  );
}
