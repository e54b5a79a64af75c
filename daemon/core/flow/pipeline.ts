import type { Decision, LaterResult, Memory, OwedDelivery, RuleResult } from './decision.ts';
import type { Event } from '../event/event.ts';
import { notify, type Telling } from './notify.ts';
import { withNotified } from './notified-targets.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import { alert, type Alert, makesAlerts, rowOf } from './steps/alert.ts';
import { dedupe } from './steps/dedupe.ts';
import { digest } from './steps/digest.ts';
import { hold } from './steps/for.ts';
import { hours } from './steps/hours.ts';
import { inhibit } from './steps/inhibit.ts';
import { Scratch } from './state-overlay.ts';
import { silence } from './steps/silence.ts';
import { forget, remembered, type Row, type Signal, type Step, type StepContext, type Verdict } from './step.ts';
import { threshold } from './steps/threshold.ts';
import { throttle } from './steps/throttle.ts';

/** What a rule's match passes through, in this order, before anybody is told. */
export const STEPS: readonly Step<unknown>[] = [
  hold,
  threshold,
  alert,
  inhibit,
  silence,
  hours,
  dedupe,
  throttle,
  digest,
];

/** What also keeps an alert from repeating and escalating. */
export const QUIETING: readonly Step<unknown>[] = [inhibit, silence, hours];

/** How many were held back since the last message, remembered beside the steps' own memory. */
const SUPPRESSED = 'suppressed';
/** For how long a count waits for the next message to tell it, milliseconds. */
const SUPPRESSED_KEPT = 30 * 86_400_000;

export interface DecideContext {
  readonly ruleset: Ruleset;
  readonly memory: Memory;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

interface OwnStep {
  readonly step: Step<unknown>;
  readonly settings: unknown;
  readonly index: number;
}

const known = new WeakMap<CompiledRule, readonly OwnStep[]>();

/** Those that a rule has something to say to. */
function stepsOf(rule: CompiledRule): readonly OwnStep[] {
  let own = known.get(rule);
  if (own === undefined) {
    own = STEPS.map((step, index) => ({ step, settings: step.settings(rule), index })).filter(
      ({ settings }) => settings !== undefined,
    );
    known.set(rule, own);
  }
  return own;
}

/** One decision while it is made: signals go through the steps, and what comes of it gathers here. */
export class Course {
  readonly #context: DecideContext;
  readonly #scratch: Scratch;
  readonly #deliveries: OwedDelivery[] = [];
  readonly #cancels: string[] = [];
  readonly #later: { readonly event: Event; readonly result: LaterResult }[] = [];

  constructor(context: DecideContext) {
    this.#context = context;
    this.#scratch = new Scratch(context.memory);
  }

  at(rule: CompiledRule, key: string): StepContext {
    const { ruleset, now } = this.#context;
    return { rule, key, ruleset, now, memory: this.#scratch };
  }

  /** Runs the steps from the one numbered `from` on until one stops; what passes all of them is told. */
  go(rule: CompiledRule, key: string, given: Signal, from = 0): RuleResult {
    let signal = given;
    const errors: string[] = [];
    const tentative: (readonly [step: string, rows: readonly Row[]])[] = [];
    const context = this.at(rule, key);
    for (const { step, settings, index } of stepsOf(rule)) {
      if (index < from) continue;
      const verdict = step.run(settings, signal, context);
      if (verdict.errors !== undefined) errors.push(...verdict.errors);
      const { rows = [] } = verdict;
      if (verdict.kind === 'pass' && step.tentative === true) tentative.push([step.name, rows]);
      else this.write(rule, key, step.name, rows);
      if (verdict.kind === 'stop')
        return this.#stopped(rule, key, verdict, { tentative, errors, counts: step.tentative === true });
      if (verdict.signal !== undefined) signal = verdict.signal;
    }
    for (const [step, rows] of tentative) this.write(rule, key, step, rows);
    return this.#told(rule, key, signal, errors);
  }

  /** Has a rule's targets told, and remembers it of an alert. Returns what went wrong on the way. */
  tell(telling: Telling): { readonly count: number; readonly errors: readonly string[] } {
    const { rule, key } = telling;
    const { ruleset, now, newId } = this.#context;
    const suppressed = this.#suppressed(rule, key);
    if (suppressed > 0) this.write(rule, key, SUPPRESSED, [forget()]);
    const { deliveries, errors } = notify(telling, { ruleset, now, newId, suppressed });
    this.#deliveries.push(...deliveries);
    const firing = makesAlerts(rule) ? remembered<Alert>('alert', this.at(rule, key)) : undefined;
    if (firing !== undefined && telling.status === 'firing') {
      const first = firing.told.length === 0 ? { repeatFrom: now } : {};
      const told = withNotified(firing.told, deliveries);
      this.write(rule, key, 'alert', [rowOf({ ...firing, ...first, told }, rule)]);
    }
    return { count: deliveries.length, errors };
  }

  write(rule: { readonly name: string }, key: string, step: string, rows: readonly Row[]): void {
    for (const { part, ...row } of rows) {
      this.#scratch.write({ rule: rule.name, key, step: part === undefined ? step : `${step}/${part}`, ...row });
    }
  }

  cancel(ids: readonly string[]): void {
    this.#cancels.push(...ids);
  }

  /** What became of an event that came earlier. */
  became(event: Event, result: RuleResult): void {
    this.#later.push({ event, result: { ...result, at: new Date(this.#context.now).toISOString() } });
  }

  end(results: readonly RuleResult[]): Decision {
    return {
      results,
      states: this.#scratch.changes,
      deliveries: this.#deliveries,
      ...(this.#cancels.length > 0 && { cancels: this.#cancels }),
      ...(this.#later.length > 0 && { later: this.#later }),
    };
  }

  #stopped(
    rule: CompiledRule,
    key: string,
    { outcome, reason, until, kept }: Verdict & { kind: 'stop' },
    {
      tentative,
      errors,
      counts,
    }: {
      readonly tentative: readonly (readonly [step: string, rows: readonly Row[]])[];
      readonly errors: readonly string[];
      /** The next message tells of it. */
      readonly counts: boolean;
    },
  ): RuleResult {
    if (kept === true) for (const [step, rows] of tentative) this.write(rule, key, step, rows);
    if (counts) {
      const value = { count: this.#suppressed(rule, key) + 1 };
      this.write(rule, key, SUPPRESSED, [{ value, expires: this.#context.now + SUPPRESSED_KEPT }]);
    }
    return {
      rule: rule.name,
      key,
      outcome,
      reason,
      ...(until !== undefined && { until: new Date(until).toISOString() }),
      ...(errors.length > 0 && { errors }),
    };
  }

  #told(rule: CompiledRule, key: string, signal: Signal, before: readonly string[]): RuleResult {
    const { count, errors: failed } = this.tell({ rule, key, signal, status: 'firing', targets: rule.notify });
    const errors = [...before, ...failed];
    return {
      rule: rule.name,
      key,
      outcome: 'notified',
      ...(count === 0 && { reason: 'no target applied' }),
      ...(errors.length > 0 && { errors }),
    };
  }

  #suppressed(rule: CompiledRule, key: string): number {
    if (rule.dedupe === undefined && rule.throttle === undefined) return 0;
    return remembered<{ count: number }>(SUPPRESSED, this.at(rule, key))?.count ?? 0;
  }
}
