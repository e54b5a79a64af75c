import { formatDuration } from '../../../lib/time/duration.ts';
import type { Event } from '../../event/event.ts';
import type { Threshold } from '../../ruleset.ts';
import { alertOf } from './alert.ts';
import { defineStep, forget, type MemoryOf, remembered, type Row, type StepContext } from '../step.ts';

/** The rows `from` to before `next` hold what has been counted. */
interface Counted {
  readonly from: number;
  readonly next: number;
}

/** One counted event; of few the message can tell all. */
interface Entry {
  readonly at: number;
  readonly event?: Event;
}

const MOST_EVENTS_KEPT = 100;

/** Goes on at the Nth event within the window, and begins to count anew. Each event has a row of its own, so that one more costs the same however many there are. */
export const threshold = defineStep<Threshold>({
  name: 'threshold',
  settings: (rule) => rule.threshold,
  run({ count, within }, { event }, context) {
    if (alertOf(context) !== undefined) return { kind: 'pass' };
    const { now } = context;
    const counted = remembered<Counted>('threshold', context) ?? { from: 0, next: 0 };
    const [from, gone] = firstWithin(counted, within, context);
    const before = counted.next - from;
    if (before + 1 >= count) {
      const parts = partsOf(from, counted.next);
      const events = [...(count <= MOST_EVENTS_KEPT ? eventsOf(parts, context) : []), event];
      const rows = [...gone, ...parts.map((part) => forget(part)), forget()];
      return { kind: 'pass', signal: { event, events, count: before + 1 }, rows };
    }
    const entry: Entry = { at: now, ...(count <= MOST_EVENTS_KEPT && { event }) };
    const rows: Row[] = [
      ...gone,
      { value: { from, next: counted.next + 1 }, expires: now + within },
      { part: String(counted.next), value: entry, expires: now + within },
    ];
    const first = before === 0 ? now : entryAt(from, context)!.at;
    return {
      kind: 'stop',
      kept: true,
      outcome: 'counting',
      reason: `${before + 1} of ${count} within ${formatDuration(within)}`,
      until: first + within,
      rows,
    };
  },
  retimed(settings, state, context) {
    if (settings === undefined) return [];
    const { from, next } = state as Counted;
    const entries = partsOf(from, next).flatMap((part): Row[] => {
      const value = remembered<Entry>(`threshold/${part}`, context);
      return value === undefined ? [] : [{ part, value, expires: value.at + settings.within }];
    });
    const last = entries.at(-1);
    return last === undefined ? [] : [{ value: state, expires: last.expires }, ...entries];
  },
});

/** The first row that still counts, and the rows before it, to be forgotten. */
function firstWithin({ from, next }: Counted, within: number, context: StepContext): [number, Row[]] {
  const gone: Row[] = [];
  let first = from;
  for (; first < next; first += 1) {
    const entry = entryAt(first, context);
    if (entry !== undefined && entry.at > context.now - within && entry.at <= context.now + within) break;
    gone.push(forget(String(first)));
  }
  return [first, gone];
}

function entryAt(number: number, context: StepContext): Entry | undefined {
  return remembered<Entry>(`threshold/${number}`, context);
}

function partsOf(from: number, next: number): string[] {
  return Array.from({ length: next - from }, (_, index) => String(from + index));
}

function eventsOf(parts: readonly string[], context: StepContext): Event[] {
  return parts.flatMap((part) => remembered<Entry>(`threshold/${part}`, context)?.event ?? []);
}

/** Every row that counts for the rule and key at hand, to be forgotten. */
export function forgetCount(place: MemoryOf): Row[] {
  const counted = remembered<Counted>('threshold', place);
  return counted === undefined ? [] : [...partsOf(counted.from, counted.next).map((part) => forget(part)), forget()];
}
