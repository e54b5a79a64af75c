import type { VNode } from 'preact';
import type { EventView } from '../../daemon/http/views.ts';
import { Chip } from '../ui/chip.tsx';
import { Time } from '../ui/time.tsx';

/** Row about something that has happened. */
export interface HistoryEntry {
  /** RFC 3339. */
  readonly at: string;
  /** Outcomes of rules, or the state of a delivery, an alert or a silence. */
  readonly states: readonly string[];
  /** Type of the event, or the rule and the channel of a delivery. */
  readonly what: string;
  readonly more?: string | undefined;
  readonly side?: string | undefined;
}

const MAX_STATES = 3;

/** States of an event by the outcomes of its rules; `no_match` where no rule had one. */
export function statesOf(outcomes: EventView['outcomes']): readonly string[] {
  const found = [...new Set(Object.values(outcomes))];
  return found.length === 0 ? ['no_match'] : found.slice(0, MAX_STATES);
}

/** Order of entries, the newest first. */
export function newestFirst(a: HistoryEntry, b: HistoryEntry): number {
  return a.at < b.at ? 1 : a.at > b.at ? -1 : 0;
}

/** Time, states and texts of a row in a list of what has happened. */
export function HistoryLine({ at, states, what, more, side }: HistoryEntry): VNode {
  return (
    <>
      <span class="cell cell-time">
        <Time at={at} />
      </span>
      <span class="cell cell-state">
        {states.map((state) => (
          <Chip key={state} state={state} />
        ))}
      </span>
      <span class="cell cell-main">{what}</span>
      <span class="cell cell-more">{more}</span>
      {side !== undefined && <span class="cell cell-side">{side}</span>}
    </>
  );
}
