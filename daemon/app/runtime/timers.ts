import type { Decision } from '../../core/flow/decision.ts';
import { lookAgain } from '../../core/alerts/silence-actions.ts';
import { abandon, type Rescheduled, reschedule, type TimesOf } from '../../core/flow/reschedule.ts';
import { decideWake } from '../../core/flow/wake.ts';
import type { CompiledRule, Ruleset } from '../../core/ruleset.ts';
import { dueByRule } from '../../core/flow/deliveries.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { faultLog } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../store/store.ts';

export interface TimersParts {
  readonly store: Store;
  readonly live: () => Ruleset;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  /** Told of every decision, after its commit. */
  readonly woken: (decision: Decision) => void;
}

/** The wall clock is looked at again after so long: it may have jumped. Milliseconds. */
const LOOK_AGAIN = 10_000;
/** States woken in one turn. */
const AT_ONCE = 200;
/** Nothing has expired then. */
const BEFORE_ALL = 0;
/** When the store takes nothing, it is asked again after so long. */
const PATIENCE = 1000;

/** Wakes the states whose time has come: every timer of every rule is a row of the store, and this is the one loop that looks at them. */
export class Timers {
  readonly #parts: TimersParts;
  readonly #noteFault: (text: string | undefined) => void;
  #cancel: () => void = () => undefined;
  #turn: Promise<void> | undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(parts: TimersParts) {
    this.#parts = parts;
    this.#noteFault = faultLog(parts.log, 'timers: they are taken again');
    parts.store.timers.onEarlier(() => this.#arm());
  }

  start(): void {
    this.#state = 'running';
    this.#arm();
  }

  /** Resolves when nothing more is woken. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#cancel();
    await this.#turn;
  }

  /** After rules were edited or went: what waits with them is due by their new words. Returns what to tell of it. */
  async retime(rules: readonly CompiledRule[], gone: readonly string[] = []): Promise<readonly string[]> {
    return this.#retime(rules, gone, this.#parts.clock.now());
  }

  /** At a start. The rules may have been edited before it, and a window that has ended since may be longer now. */
  async retimeAll(rules: readonly CompiledRule[]): Promise<void> {
    await this.#retime(rules, [], BEFORE_ALL);
  }

  /** `asOf`: states are seen that had not expired then. */
  async #retime(rules: readonly CompiledRule[], gone: readonly string[], asOf: number): Promise<readonly string[]> {
    const { store, log } = this.#parts;
    const now = this.#parts.clock.now();
    const timesOf: TimesOf = (place) => store.timers.timesOf(place);
    try {
      const [{ notes }] = await Promise.all([
        store.applyDecision<Rescheduled>(asOf, (memory) => reschedule(rules, this.#context(memory, now), timesOf)),
        store.applyDecision(now, (memory) => abandon(gone, this.#context(memory, now), timesOf)),
        store.applyDecision(now, (memory) => ({ results: [], states: lookAgain(rules, memory, now), deliveries: [] })),
      ]);
      const all = [...notes, ...(await this.#reschedule(rules, now))];
      for (const note of all) log.info(`timers: ${note}`);
      return all;
    } catch (error) {
      // Whatever is woken too early by old times looks at the new ones itself.
      log.warn({ error: (error as Error).message }, 'timers: not set to the new times yet');
      return [];
    }
  }

  /** Reschedules deliveries that wait by `notify.delay`: they are deliveries already. */
  async #reschedule(rules: readonly CompiledRule[], now: number): Promise<readonly string[]> {
    const byName = new Map(rules.map((rule) => [rule.name, rule]));
    const moved = new Map<string, number>();
    await this.#parts.store.deliveries.reschedule(now, (delivery, dueAt) => {
      const rule = byName.get(delivery.rule);
      const due = rule === undefined ? undefined : dueByRule(rule, delivery, dueAt);
      if (due !== undefined) moved.set(delivery.rule, (moved.get(delivery.rule) ?? 0) + 1);
      return due;
    });
    return [...moved].map(([rule, count]) => `${rule}: ${count} in \`notify\` go on by the new times`);
  }

  #context(memory: Parameters<Parameters<Store['applyDecision']>[1]>[0], now: number) {
    const { live, newId } = this.#parts;
    return { ruleset: live(), memory, now, newId };
  }

  #arm(soonest = 0): void {
    if (this.#state !== 'running' || this.#turn !== undefined) return;
    const { store, clock } = this.#parts;
    this.#cancel();
    const next = store.timers.next();
    if (next === undefined) return;
    const wait = Math.max(soonest, Math.min(LOOK_AGAIN, Math.max(0, next - clock.now())));
    this.#cancel = clock.after(wait, () => {
      this.#turn = this.#wakeDue().then((again) => {
        this.#turn = undefined;
        this.#arm(again);
      });
    });
  }

  /** Returns how long to wait at least before looking again, milliseconds. */
  async #wakeDue(): Promise<number> {
    const { store, clock } = this.#parts;
    try {
      const now = clock.now();
      await Promise.all(store.timers.due(now, AT_ONCE).map((place) => this.#wake(place, now)));
      this.#noteFault(undefined);
      return 0;
    } catch (error) {
      this.#noteFault(`timers: not taken; they are tried again: ${(error as Error).message}`);
      return PATIENCE;
    }
  }

  async #wake(place: Parameters<typeof decideWake>[0], now: number): Promise<void> {
    const { store, woken } = this.#parts;
    woken(await store.applyDecision(now, (memory) => decideWake(place, this.#context(memory, now))));
  }
}
