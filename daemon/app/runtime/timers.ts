import type { Decision, Memory } from '../../core/flow/decision.ts';
import { retryMuted } from '../../core/alerts/silence-actions.ts';
import { abandon, type Rescheduled, reschedule, type TimesOf } from '../../core/flow/reschedule.ts';
import { decideWake } from '../../core/flow/wake.ts';
import type { CompiledRule, Ruleset } from '../../core/ruleset.ts';
import { dueByRule } from '../../core/flow/deliveries.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { ClockJumps } from '../../lib/time/clock-jumps.ts';
import { faultLog } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../store/store.ts';
import { UNMEASURED, type WorkLog } from './self-check/work-log.ts';

export interface TimersDeps {
  readonly store: Store;
  readonly live: () => Ruleset;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  /** Absent: the work is not measured. */
  readonly work?: Pick<WorkLog, 'measure'>;
  /** Called with every decision, after its commit. */
  readonly onWake: (decision: Decision) => void;
}

/** Longest wait before the wall clock is read again, because it may jump. */
const MAX_WAIT_MS = 10_000;
/** States woken in one round. */
const WAKE_BATCH = 200;
/** Time at which no state has expired. */
const EPOCH = 0;
/** Wait after the store has refused a decision. */
const RETRY_MS = 1000;

/** Wakes states that are due. Every timer of a rule is a row of the store, and this is the one loop that reads them. */
export class Timers {
  readonly #deps: TimersDeps;
  readonly #noteFault: (text: string | undefined) => void;
  readonly #jumps: ClockJumps;
  #cancel: () => void = () => undefined;
  #round: Promise<void> | undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(deps: TimersDeps) {
    this.#deps = deps;
    this.#noteFault = faultLog(deps.log, 'timers: due timers are handled again');
    this.#jumps = new ClockJumps(deps.clock);
    deps.store.timers.onEarlier(() => this.#arm());
  }

  start(): void {
    this.#state = 'running';
    this.#arm();
  }

  /** Resolves when the last round has ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#cancel();
    await this.#round;
  }

  /** Sets waiting states and deliveries of edited rules to their new times, and ends those of removed rules. Returns notes for the person who edited them. */
  async reschedule(rules: readonly CompiledRule[], gone: readonly string[] = []): Promise<readonly string[]> {
    return this.#rescheduleStates(rules, gone, this.#deps.clock.now());
  }

  /** Does the same for all rules at a start, since they may have been edited while the daemon was stopped. Includes windows that have ended, which may be longer now. */
  async rescheduleAll(rules: readonly CompiledRule[]): Promise<void> {
    await this.#rescheduleStates(rules, [], EPOCH);
  }

  /** `asOf`: states that had not expired then are included. */
  async #rescheduleStates(
    rules: readonly CompiledRule[],
    gone: readonly string[],
    asOf: number,
  ): Promise<readonly string[]> {
    const { store, log } = this.#deps;
    const now = this.#deps.clock.now();
    const timesOf: TimesOf = (id) => store.timers.timesOf(id);
    try {
      const [{ notes }] = await Promise.all([
        store.applyDecision<Rescheduled>(asOf, (memory) => reschedule(rules, this.#context(memory, now), timesOf)),
        store.applyDecision(now, (memory) => abandon(gone, this.#context(memory, now), timesOf)),
        store.applyDecision(now, (memory) => ({ results: [], states: retryMuted(rules, memory, now), deliveries: [] })),
      ]);
      const all = [...notes, ...(await this.#rescheduleDeliveries(rules, now))];
      for (const note of all) log.info(`timers: ${note}`);
      return all;
    } catch (error) {
      // A state that wakes at its old time, too early, is checked against the new time.
      log.warn({ error: (error as Error).message }, 'timers: not set to the new times yet');
      return [];
    }
  }

  /** Reschedules deliveries that wait because of `notify.delay`. They are in the queue already. */
  async #rescheduleDeliveries(rules: readonly CompiledRule[], now: number): Promise<readonly string[]> {
    const byName = new Map(rules.map((rule) => [rule.name, rule]));
    const moved = new Map<string, number>();
    await this.#deps.store.deliveries.reschedule(now, (delivery, dueAt) => {
      // Created at a time that lies ahead, because the clock was set back since; an earlier due time was set after that.
      const isAhead = delivery.createdAt > now && dueAt >= delivery.createdAt;
      if (isAhead) return now + dueAt - delivery.createdAt;
      const rule = byName.get(delivery.rule);
      const due = rule === undefined ? undefined : dueByRule(rule, delivery, dueAt);
      if (due !== undefined) moved.set(delivery.rule, (moved.get(delivery.rule) ?? 0) + 1);
      return due;
    });
    return [...moved].map(([rule, count]) => `${rule}: ${count} in \`notify\` go on by the new times`);
  }

  #context(memory: Memory, now: number) {
    const { live, newId } = this.#deps;
    return { ruleset: live(), memory, now, newId };
  }

  #arm(soonest = 0): void {
    if (this.#state !== 'running' || this.#round !== undefined) return;
    const { store, clock } = this.#deps;
    this.#cancel();
    // Without timers the clock is still watched, for the sake of deliveries that wait for their first attempt.
    const next = store.timers.next() ?? (clock.steady === true ? undefined : Number.POSITIVE_INFINITY);
    if (next === undefined) return;
    const wait = Math.max(soonest, Math.min(MAX_WAIT_MS, Math.max(0, next - clock.now())));
    this.#cancel = clock.after(wait, () => {
      this.#round = this.#wakeDue().then((again) => {
        this.#round = undefined;
        this.#arm(again);
      });
    });
  }

  /** Returns the shortest wait before the next round, milliseconds. */
  async #wakeDue(): Promise<number> {
    const { store, clock, log, live } = this.#deps;
    try {
      if (this.#jumps.wentBack()) {
        log.warn('timers: the clock was set back; what waits since a time that lies ahead waits from now on');
        await this.reschedule(live().rules);
      }
      const now = clock.now();
      await Promise.all(store.timers.due(now, WAKE_BATCH).map((id) => this.#wake(id, now)));
      this.#noteFault(undefined);
      return 0;
    } catch (error) {
      this.#noteFault(`timers: due timers could not be handled; they are tried again: ${(error as Error).message}`);
      return RETRY_MS;
    }
  }

  async #wake(id: Parameters<typeof decideWake>[0], now: number): Promise<void> {
    const { store, onWake, work = UNMEASURED } = this.#deps;
    const decided = (memory: Memory) =>
      work.measure('timers', `${id.rule} ${id.key}`, () => decideWake(id, this.#context(memory, now)));
    onWake(await store.applyDecision(now, decided));
  }
}
