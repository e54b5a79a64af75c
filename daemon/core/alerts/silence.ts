import type { Event } from '../event/event.ts';
import type { Condition, Matcher } from '../ruleset.ts';
import type { Windows } from '../time/windows.ts';

/** What nobody wants to hear of for a while. Instants are milliseconds since the epoch. */
export interface Silence {
  readonly id: string;
  readonly name?: string;
  readonly reason: string;
  /** Who made it. */
  readonly by?: string;
  readonly matcher: Matcher;
  readonly condition?: Condition;
  readonly from?: number;
  readonly until?: number;
  readonly recurring?: Windows;
  readonly origin: 'file' | 'api';
  /** Where it stands, of one in a file. */
  readonly file?: string;
  /** As it was written or posted. */
  readonly written: Readonly<Record<string, unknown>>;
}

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
export function silences(
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
