import type { Event } from './event.ts';
import type { Condition, Matcher } from './ruleset.ts';
import type { Windows } from './windows.ts';

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
}

export type SilenceState = 'pending' | 'active' | 'expired';

/** When a silence that is active at `at` ends, or its present window does; undefined when it is not active. */
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

/** Whether it silences a rule's run for an event; its match also sees `rule` and `key`. A condition that fails silences nothing. */
export function silences(
  { matcher, condition }: Silence,
  event: Event,
  rule: string,
  key: string,
  at: number,
): { readonly silenced: boolean; readonly error?: string } {
  if (!matcher.holds({ ...event, rule, key })) return { silenced: false };
  const { holds, error } = condition?.test(event, at) ?? { holds: true };
  return error === undefined ? { silenced: holds } : { silenced: false, error };
}
