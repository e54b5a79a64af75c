import type { Decision, Memory, StateChange } from '../flow/decision.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { firingAlerts, rowOf } from '../flow/steps/alert.ts';
import { FOREVER } from '../flow/memory.ts';
import { SILENCES } from '../flow/steps/silence.ts';
import type { CompiledRule, Ruleset, Silence } from '../ruleset.ts';
import { activeUntil, type SilenceState, stateOf } from './silence.ts';

/** A silence in answers of the API; times are RFC 3339. */
export interface SilenceView {
  readonly id: string;
  readonly origin: 'file' | 'api';
  /** File that contains it, and its line there. */
  readonly file?: string;
  readonly line?: number;
  readonly name?: string;
  readonly reason: string;
  readonly by?: string;
  readonly match: unknown;
  readonly if?: string;
  readonly from?: string;
  readonly until?: string;
  readonly recurring?: unknown;
  readonly state: SilenceState;
  /** End of the silence or of its present window. */
  readonly active_until?: string;
}

export function silenceView(silence: Silence, now: number): SilenceView {
  const { id, origin, file, line, name, reason, by, from, until, written, condition } = silence;
  const active = activeUntil(silence, now);
  return {
    id,
    origin,
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(name !== undefined && { name }),
    reason,
    ...(by !== undefined && { by }),
    match: written.match ?? {},
    ...(condition !== undefined && { if: condition.source }),
    ...(from !== undefined && { from: rfc3339(from) }),
    ...(until !== undefined && { until: rfc3339(until) }),
    ...(written.recurring !== undefined && { recurring: written.recurring }),
    state: stateOf(silence, now),
    ...(active !== undefined && { active_until: rfc3339(active) }),
  };
}

export type Expiry = 'expired' | 'was_expired' | 'none';

/** Ends a silence of the API. It can still be looked up for some days. Escalations that it prevented are tried again at once. */
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
  // A silence that has not begun must not begin later.
  const begun = typeof from === 'string' && Date.parse(from) < now ? { from } : {};
  const ended = silenceChange(id, { ...rest, ...begun, until: rfc3339(now) }, now);
  return decision('expired', [ended, ...retryMuted(ruleset.rules, memory, now)]);
}

/** Makes the prevented escalations of these rules due at once. */
export function retryMuted(rules: Iterable<CompiledRule>, memory: Memory, now: number): readonly StateChange[] {
  const found: StateChange[] = [];
  for (const { rule, key, state } of firingAlerts(rules, memory)) {
    if ((state.tryAgain ?? 0) <= now) continue;
    found.push({ rule: rule.name, key, step: 'alert', ...rowOf({ ...state, tryAgain: now }, rule) });
  }
  return found;
}

/** Time for which an expired silence can still be looked up. */
const SILENCE_KEPT_MS = 5 * 86_400_000;

/** Row of a silence of the API; `given` is the posted JSON with its id, `until` the end of the silence, if it has one. */
export function silenceChange(id: string, given: object, until: number | undefined): StateChange {
  const expires = until === undefined ? FOREVER : until + SILENCE_KEPT_MS;
  return { rule: SILENCES.rule, key: id, step: SILENCES.step, value: given, expires };
}
