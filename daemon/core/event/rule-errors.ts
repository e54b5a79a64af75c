import type { RuleResult } from '../flow/decision.ts';
import { type Event, type EventInput, OWN_SOURCE } from './event.ts';
import { hopsOf, MAX_HOPS, withHops } from './hops.ts';
import { ownEvents } from './own-events.ts';

/** Minimum interval of events about the errors of one rule. Every error is counted and logged. */
const INTERVAL_MS = 60_000;
/** Rules that are remembered; when there are more all are forgotten, so that memory stays bounded. */
const MAX_RULES = 10_000;

/** Name of a rule -> time of its last event, and errors since then. */
type LastErrors = Map<string, { readonly at: number; readonly more: number }>;

/**
 * Limits the events about errors of rules to one per rule and interval. Loops have a limit of their own: any sender can claim many hops, and
 * would hide the errors that others cause.
 */
export class RuleErrorLimit {
  readonly #errors: LastErrors = new Map();
  readonly #loops: LastErrors = new Map();

  /**
   * Event about the errors of a result; undefined when the last one is too recent, and for errors of a rule on one of the daemon's own
   * events: that event would cause the next error. `now` by a clock that does not go back.
   */
  noticeOf(event: Event, { rule, key, errors = [] }: RuleResult, now: number): EventInput | undefined {
    const { id, type, source } = event;
    // The event about a loop may be the cause of the next event of the loop, about which no other is raised.
    if (errors.length === 0 || source === OWN_SOURCE || hopsOf(event) > MAX_HOPS + 1) return undefined;
    const before = hopsOf(event) > MAX_HOPS ? this.#loops : this.#errors;
    const last = before.get(rule);
    if (last !== undefined && now - last.at < INTERVAL_MS) {
      before.set(rule, { ...last, more: last.more + 1 });
      return undefined;
    }
    if (before.size >= MAX_RULES) before.clear();
    before.set(rule, { at: now, more: 0 });
    const reason = errors.join('; ');
    const more = last?.more ?? 0;
    const mend = `belfry explain ${id}`;
    return withHops(ownEvents.ruleError({ rule, reason, key, event: id, event_type: type, more, mend }), hopsOf(event));
  }
}
