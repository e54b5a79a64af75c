import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Event } from '../event/event.ts';
import { decide, type DecideContext } from '../flow/decide.ts';
import { StateOverlay } from '../flow/memory.ts';
import { outcomesNow } from '../flow/outcomes.ts';
import { select } from '../flow/select.ts';

/** Plan of a rerun: what the rules of today would do with past events, beside what was done then. */
export interface RerunPlan {
  /** Number of events that are run again. */
  readonly events: number;
  /** Events of the filter that are reruns themselves. They are left out, because their first event is run again. */
  readonly reruns: number;
  /** Events that another job is running again. They are left out. */
  readonly in_other_jobs: number;
  /** Given ids that the history does not have. */
  readonly missing: readonly string[];
  /** RFC 3339. As `until` of the next request it selects no event that came after this plan. */
  readonly until: string;
  readonly rules: readonly RerunRule[];
  /** The first events whose outcomes would change. */
  readonly examples: readonly RerunExample[];
}

/** One rule: number of events by outcome, then and today, and the messages that it would send. Rules without an outcome are left out. */
export interface RerunRule {
  readonly rule: string;
  readonly was: Readonly<Record<string, number>>;
  readonly would: Readonly<Record<string, number>>;
  readonly sends: number;
}

export interface RerunExample {
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  readonly received_at: string;
  /** Rule -> outcome. */
  readonly was: Readonly<Record<string, string>>;
  readonly would: Readonly<Record<string, string>>;
}

const MAX_EXAMPLES = 20;

/** A past event with the latest outcome of each rule. */
export interface PastEvent {
  readonly event: Event;
  readonly receivedAt: number;
  readonly outcomes: Readonly<Record<string, string>>;
}

/** The event of a rerun: a new one with the content of the past one, of which it keeps the first id. */
export function rerunOf(event: Event, newId: () => string): Event {
  return { ...event, id: `rerun-${newId()}`, requeued: event.requeued ?? event.id };
}

/** Decides past events by the rules of today, one after another, each with the windows as the ones before it have left them. Commits nothing. */
export class RerunPlanner {
  readonly #context: DecideContext;
  readonly #memory: StateOverlay;
  readonly #rules = new Map<string, { was: Record<string, number>; would: Record<string, number>; sends: number }>();
  readonly #examples: RerunExample[] = [];
  #events = 0;

  constructor(context: DecideContext) {
    this.#context = context;
    this.#memory = new StateOverlay(context.memory);
  }

  add({ event, receivedAt, outcomes: was }: PastEvent): void {
    const { ruleset, now, newId } = this.#context;
    const again = rerunOf(event, newId);
    const decision = decide(again, select(again, ruleset, now), { ...this.#context, memory: this.#memory });
    for (const change of decision.states) this.#memory.write(change);
    const would = outcomesNow(decision.results).outcomes;
    for (const [rule, outcome] of Object.entries(was)) count(this.#rule(rule).was, outcome);
    for (const [rule, outcome] of Object.entries(would)) count(this.#rule(rule).would, outcome);
    for (const { delivery } of decision.deliveries) this.#rule(delivery.rule).sends += 1;
    this.#events += 1;
    if (this.#examples.length >= MAX_EXAMPLES || isSame(was, would)) return;
    const { id, type, subject } = event;
    const about = { id, type, ...(subject !== undefined && { subject }), received_at: rfc3339(receivedAt) };
    this.#examples.push({ ...about, was, would });
  }

  get plan(): Pick<RerunPlan, 'events' | 'rules' | 'examples'> {
    const rules = [...this.#rules].map(([rule, numbers]) => ({ rule, ...numbers }));
    return { events: this.#events, rules, examples: this.#examples };
  }

  #rule(name: string): { was: Record<string, number>; would: Record<string, number>; sends: number } {
    let found = this.#rules.get(name);
    if (found === undefined) this.#rules.set(name, (found = { was: {}, would: {}, sends: 0 }));
    return found;
  }
}

function count(numbers: Record<string, number>, outcome: string): void {
  numbers[outcome] = (numbers[outcome] ?? 0) + 1;
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
