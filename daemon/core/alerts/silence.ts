import type { Event } from '../event/event.ts';
import type { Silence } from '../ruleset.ts';

export type SilenceState = 'pending' | 'active' | 'expired';

/** When the present window of a silence that is active at `at` ends; undefined when it is not active. */
export function activeUntil({ from, until, recurring }: Silence, at: number): number | undefined {
  if (at < (from ?? Number.NEGATIVE_INFINITY) || at >= (until ?? Number.POSITIVE_INFINITY)) return undefined;
  if (recurring === undefined) return until;
  const window = recurring.activeUntil(at);
  return window === undefined ? undefined : Math.min(window, until ?? Number.POSITIVE_INFINITY);
}

/** A recurring one is pending between its windows. */
export function stateOf(silence: Silence, at: number): SilenceState {
  if (at >= (silence.until ?? Number.POSITIVE_INFINITY)) return 'expired';
  return activeUntil(silence, at) === undefined ? 'pending' : 'active';
}

/**
 * Whether it silences a rule's run for an event; active or not. Match and condition see the event with the name of the rule as
 * `rule` and the key of the run as `key`. A condition that fails silences nothing, and its `error` says why.
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
