import type { Event } from '../event/event.ts';
import type { Silence } from '../ruleset.ts';

export type SilenceState = 'pending' | 'active' | 'expired';

/** End of the window of a silence that is active at `at`; undefined when it is not active. */
export function activeUntil({ from, until, recurring }: Silence, at: number): number | undefined {
  if (at < (from ?? Number.NEGATIVE_INFINITY) || at >= (until ?? Number.POSITIVE_INFINITY)) return undefined;
  if (recurring === undefined) return until;
  const window = recurring.activeUntil(at);
  return window === undefined ? undefined : Math.min(window, until ?? Number.POSITIVE_INFINITY);
}

/** State of a silence. A recurring one is pending between its windows. */
export function stateOf(silence: Silence, at: number): SilenceState {
  if (at >= (silence.until ?? Number.POSITIVE_INFINITY)) return 'expired';
  return activeUntil(silence, at) === undefined ? 'pending' : 'active';
}

/**
 * Returns whether a silence, active or not, applies to an event and a rule. Its match and condition get the event with the
 * name of the rule as `rule` and its key as `key`. If the condition fails with an error, the silence does not apply.
 */
export function evaluateSilence(
  { matcher, condition }: Silence,
  event: Event,
  rule: string,
  key: string,
  at: number,
): { readonly silenced: boolean; readonly error?: string } {
  const seen: Event = { ...event, rule, key };
  if (!matcher.holds(seen)) return { silenced: false };
  const { holds, error } = condition?.test(seen, at) ?? { holds: true };
  return error === undefined ? { silenced: holds } : { silenced: false, error };
}
