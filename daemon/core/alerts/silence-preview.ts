import type { RuleOutcome, RuleResult, Memory } from '../flow/decision.ts';
import type { Event } from '../event/event.ts';
import { firingAlerts } from '../flow/steps/alert.ts';
import { outcomesFrom } from '../flow/outcomes.ts';
import { silence as silenceStep } from '../flow/steps/silence.ts';
import type { Ruleset, Silence } from '../ruleset.ts';
import { isObject } from '../values/json.ts';
import { evaluateSilence } from './silence.ts';

/** Preview: number of alerts and events that a silence would apply to if it were active. */
export interface SilencePreview {
  /** Firing alerts. */
  readonly alerts: number;
  /** Events of the last 24 h that would have reached the silences. */
  readonly events: number;
  /** True: there are more than were examined. */
  readonly partial?: true;
  /** Error of its condition for some of them, to which it does not apply. */
  readonly error?: string;
}

/** A stored event with its results at its arrival, and its later results. */
export interface PastEvent {
  readonly event: Event;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly results: readonly RuleResult[];
  readonly later: readonly RuleResult[];
}

/** A past event, and those of its results that a silence would have prevented. */
export interface MatchedEvent extends Pick<PastEvent, 'event' | 'receivedAt'> {
  readonly results: readonly RuleResult[];
}

export interface SilenceMatches extends Omit<SilencePreview, 'events'> {
  readonly events: readonly MatchedEvent[];
}

/** Bound on the alerts that one preview examines. */
const MAX_ALERTS = 10_000;

/** Outcomes of events that reached the silences or passed them. */
const REACHED: ReadonlySet<RuleOutcome> = new Set(outcomesFrom(silenceStep.name));

/** Applies a silence to the firing alerts and to past events, in the same way as to a new event. */
export function matchesOf(
  silence: Silence,
  { ruleset, memory, past, now }: { ruleset: Ruleset; memory: Memory; past: readonly PastEvent[]; now: number },
): SilenceMatches {
  let error: string | undefined;
  const holds = (event: Event, rule: string, key: string): boolean => {
    const result = evaluateSilence(silence, event, rule, key, now);
    error ??= result.error;
    return result.silenced;
  };
  let examined = 0;
  let count = 0;
  for (const { rule, key, state } of firingAlerts(ruleset.rules, memory)) {
    examined += 1;
    if (examined > MAX_ALERTS) break;
    if (holds(state.event, rule.name, key)) count += 1;
  }
  const events = past.flatMap(({ event, receivedAt, results, later }) => {
    const matching = [...results, ...later].filter(
      ({ rule, key, outcome }) => key !== undefined && REACHED.has(outcome) && holds(event, rule, key),
    );
    return matching.length === 0 ? [] : [{ event, receivedAt, results: matching }];
  });
  return {
    alerts: count,
    events,
    ...(examined > MAX_ALERTS && { partial: true }),
    ...(error !== undefined && { error }),
  };
}

/** Fields of a match by which the history can be searched. */
const SEARCHABLE = ['rule', 'key', 'source', 'type'] as const;

/** Conditions on the history that every event of a silence meets; none if its match has no exact text for them. */
export function historyFilterOf(match: unknown): { readonly [Name in (typeof SEARCHABLE)[number]]?: string } {
  if (!isObject(match)) return {};
  const found = SEARCHABLE.map((name) => [name, onlyText(match[name])] as const);
  // In the type of a search `*` stands for any text.
  return Object.fromEntries(
    found.filter(([name, text]) => text !== undefined && (name !== 'type' || !text.includes('*'))),
  );
}

/** The text that a pattern compares for equality, if it is a single one. */
function onlyText(pattern: unknown): string | undefined {
  const [only, ...others] = [pattern].flat();
  return typeof only === 'string' && others.length === 0 ? only : undefined;
}
