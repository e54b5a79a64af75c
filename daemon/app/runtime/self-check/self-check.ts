import { faultLog } from '../../../lib/faults.ts';
import type { Log } from '../../../lib/log.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { WorkDone } from './work-log.ts';

export interface SelfCheckDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Settles when the store has answered. */
  readonly storeAnswers: () => Promise<unknown>;
  /** Time after which systemd kills the process: a store that does not answer is reported before. */
  readonly watchdogMs?: number | undefined;
  /** Work of the event loop since the last call, for the log. */
  readonly workDone: () => WorkDone;
  /** Called with the result of each round, and once for a round whose store answers late. */
  readonly onRound: (result: SelfCheckResult) => void;
}

/** `fed`: the daemon works. `event_loop`: the round began late. `store`: the store has not answered in time. */
export type SelfCheckResult = 'fed' | 'event_loop' | 'store';

const ROUND_MS = 1000;

/** A round that begins later than this after its time is a fault: the event loop was blocked, so requests waited as long. */
const MAX_LAG_MS = 5_000;

/** Time in which the store must answer. */
const STORE_ANSWER_MS = 10_000;

/** Time for which a block of the event loop stays a reason of `/readyz`: during the block itself nothing answers. */
const REPORT_MS = 60_000;

/**
 * Checks each second that the daemon works: the event loop begins the round in time, and the store answers. The store answers after
 * the commits that it got before, so a disk that hangs is found. Recovers by itself.
 */
export class SelfCheck {
  readonly #deps: SelfCheckDeps;
  readonly #noteStore: (text: string | undefined) => void;
  #isClosed = false;
  /** Cancels the only timer: that of the next round, or that of the answer of the store. */
  #cancel = (): void => {};
  #hang: string | undefined;
  #blocked: { readonly text: string; readonly until: number } | undefined;

  constructor(deps: SelfCheckDeps) {
    this.#deps = deps;
    this.#noteStore = faultLog(deps.log, 'self-check: the store answers again');
    this.#next();
  }

  /** Reason why new events are refused: the store hangs. Undefined while it answers. */
  get refusing(): string | undefined {
    return this.#hang;
  }

  /** Reasons of `/readyz` that do not make the daemon refuse events. */
  get faults(): readonly string[] {
    const { clock } = this.#deps;
    return this.#blocked !== undefined && clock.monotonic() < this.#blocked.until ? [this.#blocked.text] : [];
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #next(): void {
    const { clock } = this.#deps;
    const due = clock.monotonic() + ROUND_MS;
    this.#cancel = clock.after(ROUND_MS, () => void this.#round(clock.monotonic() - due));
  }

  async #round(lagMs: number): Promise<void> {
    const { clock, storeAnswers, watchdogMs, onRound } = this.#deps;
    const isLate = lagMs > MAX_LAG_MS;
    const work = this.#deps.workDone();
    if (isLate) this.#reportBlock(lagMs, work);
    const since = rfc3339(clock.now());
    this.#cancel = clock.after(Math.min(STORE_ANSWER_MS, (watchdogMs ?? Number.POSITIVE_INFINITY) / 2), () => {
      this.#hang = `the store has not answered since ${since}: the disk hangs, or is very slow; new events are refused until it answers`;
      this.#noteStore(this.#hang);
      onRound('store');
    });
    // A store that fails has answered; the daemon ends by itself then.
    await storeAnswers().catch(() => undefined);
    this.#cancel();
    if (this.#isClosed) return;
    this.#hang = undefined;
    this.#noteStore(undefined);
    onRound(isLate ? 'event_loop' : 'fed');
    this.#next();
  }

  #reportBlock(lagMs: number, work: WorkDone): void {
    const { clock, log } = this.#deps;
    const seconds = (lagMs / 1000).toFixed(1);
    const text = `the event loop was blocked for ${seconds} s until ${rfc3339(clock.now())}; nothing was answered meanwhile`;
    this.#blocked = { text, until: clock.monotonic() + REPORT_MS };
    log.error({ lag_ms: Math.round(lagMs), ...work }, `self-check: ${text}`);
  }
}
