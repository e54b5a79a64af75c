import type { Event } from '../event/event.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import type { Decision, LaterResult, RuleResult } from './decision.ts';
import type { NewDelivery } from './deliveries.ts';
import { type Memory, StateOverlay } from './memory.ts';
import { type Notification, notify } from './notify.ts';
import {
  deletion,
  type EventGroup,
  type Row,
  type RuleKey,
  stateOf,
  type StepContext,
  type StepResult,
} from './step.ts';
import { alertOf, rowOf, withDeliveries } from './steps/alert.ts';
import { type StepOutcome, STEPS } from './steps/index.ts';

/** Name of the rows that count the events dropped since the last message. */
const SUPPRESSED = 'suppressed';
/** Time for which a count waits for the next message. */
const SUPPRESSED_KEPT_MS = 30 * 86_400_000;

export interface DecideContext {
  readonly ruleset: Ruleset;
  readonly memory: Memory;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

/** State that steps wrote while they let events pass, to be undone if a later step drops these. */
type Tentative = readonly (readonly [step: string, rows: readonly Row[]])[];

/** Makes one decision: runs events through the steps, and collects the changes. */
export class Pipeline {
  readonly #context: DecideContext;
  readonly #overlay: StateOverlay;
  readonly #deliveries: NewDelivery[] = [];
  readonly #cancels: string[] = [];
  readonly #later: { readonly event: Event; readonly result: LaterResult }[] = [];

  constructor(context: DecideContext) {
    this.#context = context;
    this.#overlay = new StateOverlay(context.memory);
  }

  contextOf(rule: CompiledRule, key: string): StepContext {
    const { ruleset, now } = this.#context;
    return { rule, key, ruleset, now, memory: this.#overlay };
  }

  /** Runs the steps from index `from` until one stops the events. Notifies the targets of the rule if all let them pass. */
  run(rule: CompiledRule, key: string, given: EventGroup, from = 0): RuleResult {
    const { group, result } = this.#steps(rule, key, given, from);
    this.#recordOthers(group, given.event, result);
    return result;
  }

  #steps(
    rule: CompiledRule,
    key: string,
    given: EventGroup,
    from: number,
  ): { readonly group: EventGroup; readonly result: RuleResult } {
    let group = given;
    const errors: string[] = [];
    const tentative: (readonly [step: string, rows: readonly Row[]])[] = [];
    const context = this.contextOf(rule, key);
    for (const { index, settings } of rule.steps) {
      if (index < from) continue;
      const step = STEPS[index]!;
      const result = step.run(settings, group, context);
      if (result.errors !== undefined) errors.push(...result.errors);
      const { rows = [] } = result;
      if (result.kind === 'pass' && step.tentative === true) tentative.push([step.name, rows]);
      else this.write(context, step.name, rows);
      if (result.kind === 'stop') {
        if (step.outcomes[result.outcome] === 'waiting') this.#keep(context, tentative);
        if (step.tentative === true) this.#countSuppressed(context);
        return { group, result: stopped(context, result, errors) };
      }
      if (result.group !== undefined) group = result.group;
    }
    this.#keep(context, tentative);
    return { group, result: this.#notified(rule, key, group, errors) };
  }

  /** Makes the deliveries of a message, and records them in the state of the alert. */
  notify(notification: Notification): { readonly count: number; readonly errors: readonly string[] } {
    const { rule, key, status } = notification;
    const { ruleset, now, newId } = this.#context;
    const context = this.contextOf(rule, key);
    const suppressed = suppressedOf(context);
    if (suppressed > 0) this.write(context, SUPPRESSED, [deletion()]);
    const { deliveries, errors } = notify(notification, { ruleset, now, newId, suppressed });
    this.#deliveries.push(...deliveries);
    const firing = status === 'firing' ? alertOf(context) : undefined;
    if (firing !== undefined) {
      this.write(context, 'alert', [rowOf(withDeliveries(firing, deliveries, now), rule)]);
    }
    return { count: deliveries.length, errors };
  }

  write({ rule, key }: Pick<RuleKey, 'rule' | 'key'>, step: string, rows: readonly Row[]): void {
    for (const { part, ...row } of rows) {
      this.#overlay.write({ rule: rule.name, key, step: part === undefined ? step : `${step}/${part}`, ...row });
    }
  }

  cancel(ids: readonly string[]): void {
    this.#cancels.push(...ids);
  }

  /** Records the outcome of an event that came earlier. */
  recordLater(event: Event, result: Omit<LaterResult, 'at'>): void {
    this.#later.push({ event, result: { ...result, at: new Date(this.#context.now).toISOString() } });
  }

  /** Records the result of a group for its other events, which came earlier. */
  #recordOthers({ events }: EventGroup, { id }: Event, { rule, key, outcome }: RuleResult): void {
    if (events.length === 1) return;
    const result = { rule, ...(key !== undefined && { key }), outcome, with_event: id };
    for (const event of events) if (event.id !== id) this.recordLater(event, result);
  }

  decision(results: readonly RuleResult[]): Decision {
    return {
      results,
      states: this.#overlay.changes,
      deliveries: this.#deliveries,
      ...(this.#cancels.length > 0 && { cancels: this.#cancels }),
      ...(this.#later.length > 0 && { later: this.#later }),
    };
  }

  #keep(context: StepContext, tentative: Tentative): void {
    for (const [step, rows] of tentative) this.write(context, step, rows);
  }

  #countSuppressed(context: StepContext): void {
    const value = { count: suppressedOf(context) + 1 };
    this.write(context, SUPPRESSED, [{ value, expires: context.now + SUPPRESSED_KEPT_MS }]);
  }

  #notified(rule: CompiledRule, key: string, group: EventGroup, before: readonly string[]): RuleResult {
    const { count, errors: failed } = this.notify({ rule, key, group, status: 'firing', targets: rule.notify });
    const errors = [...before, ...failed];
    return {
      rule: rule.name,
      key,
      outcome: 'notified',
      ...(count === 0 && { reason: 'no target applied' }),
      ...(errors.length > 0 && { errors }),
    };
  }
}

function stopped(
  { rule, key }: StepContext,
  { outcome, reason, until, silence }: StepResult & { kind: 'stop' },
  errors: readonly string[],
): RuleResult {
  return {
    rule: rule.name,
    key,
    outcome: outcome as StepOutcome,
    reason,
    ...(until !== undefined && { until: new Date(until).toISOString() }),
    ...(silence !== undefined && { silence }),
    ...(errors.length > 0 && { errors }),
  };
}

/** Number of events that were dropped since the last message; counted by rules with a tentative step only. */
function suppressedOf(context: StepContext): number {
  if (!context.rule.steps.some(({ index }) => STEPS[index]!.tentative === true)) return 0;
  return stateOf<{ count: number }>(SUPPRESSED, context)?.count ?? 0;
}
