import type { Decision, Memory, RuleOutcome, RuleResult, StateChange } from '../flow/decision.ts';
import type { Event } from '../event/event.ts';
import { type Alert, rowOf } from '../flow/steps/alert.ts';
import { outcomesFrom } from '../flow/outcomes.ts';
import { silence as silenceStep, SILENCES } from '../flow/steps/silence.ts';
import type { CompiledRule, Ruleset, Silence } from '../ruleset.ts';
import { activeUntil, evaluateSilence, type SilenceState, stateOf } from './silence.ts';

/** A silence as people see it; times are RFC 3339. */
export interface SilenceView {
  readonly id: string;
  readonly origin: 'file' | 'api';
  /** Where it stands, of one in a file. */
  readonly file?: string;
  readonly name?: string;
  readonly reason: string;
  readonly by?: string;
  readonly match: unknown;
  readonly if?: string;
  readonly from?: string;
  readonly until?: string;
  readonly recurring?: unknown;
  readonly state: SilenceState;
  /** When it ends, or its present window does. */
  readonly active_until?: string;
}

export function silenceView(silence: Silence, now: number): SilenceView {
  const { id, origin, file, name, reason, by, from, until, written, condition } = silence;
  const active = activeUntil(silence, now);
  return {
    id,
    origin,
    ...(file !== undefined && { file }),
    ...(name !== undefined && { name }),
    reason,
    ...(by !== undefined && { by }),
    match: written.match ?? {},
    ...(condition !== undefined && { if: condition.source }),
    ...(from !== undefined && { from: textOf(from) }),
    ...(until !== undefined && { until: textOf(until) }),
    ...(written.recurring !== undefined && { recurring: written.recurring }),
    state: stateOf(silence, now),
    ...(active !== undefined && { active_until: textOf(active) }),
  };
}

/** What a silence would keep quiet if it were active. */
export interface SilencePreview {
  /** Of what fires now. */
  readonly alerts: number;
  /** Of the events of the last 24 h: those of which somebody would have been told, or was not for another reason. */
  readonly events: number;
  /** There are more than were looked at. */
  readonly partial?: true;
  /** Why its condition cannot be evaluated for some of them; those it does not silence. */
  readonly error?: string;
}

/** An event as it was decided when it came, and later. */
export interface PastEvent {
  readonly event: Event;
  readonly results: readonly RuleResult[];
  readonly later: readonly RuleResult[];
}

/** The alerts looked at for one preview. */
const MOST_ALERTS = 10_000;

/** Outcomes of runs that reach the silences, or get past them. */
const REACHED: ReadonlySet<RuleOutcome> = new Set(outcomesFrom(silenceStep.name));

/** The same matching as when an event comes, over what fires and what came lately. */
export function previewSilence(
  silence: Silence,
  { ruleset, memory, past, now }: { ruleset: Ruleset; memory: Memory; past: readonly PastEvent[]; now: number },
): SilencePreview {
  let error: string | undefined;
  const holds = (event: Event, rule: string, key: string): boolean => {
    const verdict = evaluateSilence(silence, event, rule, key, now);
    error ??= verdict.error;
    return verdict.silenced;
  };
  let seen = 0;
  let count = 0;
  for (const { rule, key, alert } of firing(ruleset, memory)) {
    seen += 1;
    if (seen > MOST_ALERTS) break;
    if (holds(alert.event, rule, key)) count += 1;
  }
  const events = past.filter(({ event, results, later }) =>
    [...results, ...later].some(
      ({ rule, key, outcome }) => key !== undefined && REACHED.has(outcome) && holds(event, rule, key),
    ),
  );
  return {
    alerts: count,
    events: events.length,
    ...(seen > MOST_ALERTS && { partial: true }),
    ...(error !== undefined && { error }),
  };
}

function* firing(ruleset: Ruleset, memory: Memory): Iterable<{ rule: string; key: string; alert: Alert }> {
  for (const rule of ruleset.rules) {
    if (rule.alert === undefined) continue;
    for (const [key, state] of memory.each(rule.name, 'alert')) yield { rule: rule.name, key, alert: state as Alert };
  }
}

export type Expiry = 'expired' | 'was_expired' | 'none';

/**
 * Ends a silence that somebody made: it can still be looked up for a while. What it kept from escalating is looked at again at
 * once, for it would wait until the silence would have ended.
 */
export function expireSilence(
  id: string,
  { ruleset, memory, now }: { ruleset: Ruleset; memory: Memory; now: number },
): Decision & { readonly expiry: Expiry } {
  const decision = (expiry: Expiry, states: readonly StateChange[] = []) => ({
    results: [],
    states,
    deliveries: [],
    expiry,
  });
  const given = memory.read(SILENCES.rule, id, SILENCES.step) as Readonly<Record<string, unknown>> | undefined;
  if (given === undefined) return decision('none');
  const { until, from, ...rest } = given;
  if (typeof until === 'string' && Date.parse(until) <= now) return decision('was_expired');
  // One that has not begun never will.
  const begun = typeof from === 'string' && Date.parse(from) < now ? { from } : {};
  const ended = silenceChange(id, { ...rest, ...begun, until: textOf(now) }, now);
  return decision('expired', [ended, ...retryMuted(ruleset.rules, memory, now)]);
}

/** What kept alerts of these rules from escalating may be over sooner than it said: they are tried again at once. */
export function retryMuted(rules: Iterable<CompiledRule>, memory: Memory, now: number): readonly StateChange[] {
  const found: StateChange[] = [];
  for (const rule of rules) {
    if (rule.alert === undefined) continue;
    for (const [key, state] of memory.each(rule.name, 'alert')) {
      const alert = state as Alert;
      if ((alert.tryAgain ?? 0) <= now) continue;
      found.push({ rule: rule.name, key, step: 'alert', ...rowOf({ ...alert, tryAgain: now }, rule) });
    }
  }
  return found;
}

function textOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** How long a silence that is over can still be looked up, milliseconds. */
const SILENCE_KEPT = 5 * 86_400_000;

/** Stores a silence that somebody made; `given` is what was posted, with its id. `until` is when it ends, if it does. */
export function silenceChange(id: string, given: object, until: number | undefined): StateChange {
  const expires = until === undefined ? Number.MAX_SAFE_INTEGER : until + SILENCE_KEPT;
  return { rule: SILENCES.rule, key: id, step: SILENCES.step, value: given, expires };
}
