import { formatDuration } from '../../../lib/time/duration.ts';
import type { Event } from '../../event/event.ts';
import { duration, strict } from '../../schema/fields.ts';
import { Type } from '../../schema/type.ts';
import { defineStep, deletion, type Row, type RuleKey, stateOf, type StepContext } from '../step.ts';
import { alertOf } from './alert.ts';

/** Counted events: one row for each, numbered from `from` to `next` - 1. */
interface Counted {
  readonly from: number;
  readonly next: number;
}

/** Row of one counted event. The event itself is kept only if the message can list all of them. */
interface Entry {
  readonly at: number;
  readonly event?: Event;
}

export const MAX_EVENTS_KEPT = 100;

/** Lets the Nth event within the window through, then starts counting again. Each event has a row of its own, so that adding one has a constant cost. */
export const threshold = defineStep({
  name: 'threshold',
  fields: {
    threshold: Type.Optional(
      strict(
        {
          count: Type.Integer({
            description: 'Fire at this number of events ...',
            examples: [3],
            minimum: 1,
            maximum: 100_000,
          }),
          within: duration({ description: '... within this time, by `key`.', examples: ['10m'] }),
        },
        { description: 'Fire at the Nth event within a time, then start to count again.' },
      ),
    ),
  },
  outcomes: { counting: 'waiting' },
  endsLoops: true,
  compile({ threshold: settings }, rule) {
    rule.positive(['threshold', 'within'], settings?.within);
    return settings;
  },
  run({ count, within }, { event }, context) {
    if (alertOf(context) !== undefined) return { kind: 'pass' };
    const { now } = context;
    const counted = stateOf<Counted>('threshold', context) ?? { from: 0, next: 0 };
    const [from, expired] = firstWithin(counted, within, context);
    const before = counted.next - from;
    if (before + 1 >= count) {
      const parts = partsOf(from, counted.next);
      const events = [...(count <= MAX_EVENTS_KEPT ? eventsOf(parts, context) : []), event];
      const rows = [...expired, ...parts.map((part) => deletion(part)), deletion()];
      return { kind: 'pass', group: { event, events, count: before + 1 }, rows };
    }
    const entry: Entry = { at: now, ...(count <= MAX_EVENTS_KEPT && { event }) };
    const rows: Row[] = [
      ...expired,
      { value: { from, next: counted.next + 1 }, expires: now + within },
      { part: String(counted.next), value: entry, expires: now + within },
    ];
    const first = before === 0 ? now : entryAt(from, context)!.at;
    return {
      kind: 'stop',
      outcome: 'counting',
      reason: `${before + 1} of ${count} within ${formatDuration(within)}`,
      until: first + within,
      rows,
    };
  },
  reschedule(settings, state, context) {
    if (settings === undefined) return [];
    const { from, next } = state as Counted;
    const entries = partsOf(from, next).flatMap((part): Row[] => {
      const value = stateOf<Entry>(`threshold/${part}`, context);
      return value === undefined ? [] : [{ part, value, expires: value.at + settings.within }];
    });
    const last = entries.at(-1);
    return last === undefined ? [] : [{ value: state, expires: last.expires }, ...entries];
  },
  forget(ruleKey) {
    const counted = stateOf<Counted>('threshold', ruleKey);
    if (counted === undefined) return [];
    return [...partsOf(counted.from, counted.next).map((part) => deletion(part)), deletion()];
  },
  // Too few events make no message, so that they were dropped is not recorded.
  lastEvent: () => undefined,
  // The state expires with the window of the latest event.
  isWaiting: (state) => (state as Counted).next > (state as Counted).from,
  waits(settings, context) {
    const counted = stateOf<Counted>('threshold', context);
    if (settings === undefined || counted === undefined) return undefined;
    const [first] = firstWithin(counted, settings.within, context);
    if (first === counted.next) return undefined;
    return { events: counted.next - first, until: entryAt(first, context)!.at + settings.within };
  },
});

/** First row within the window, and the deletion of the rows before it. */
function firstWithin({ from, next }: Counted, within: number, context: StepContext): [number, Row[]] {
  const expired: Row[] = [];
  let first = from;
  for (; first < next; first += 1) {
    const entry = entryAt(first, context);
    if (entry !== undefined && entry.at > context.now - within && entry.at <= context.now + within) break;
    expired.push(deletion(String(first)));
  }
  return [first, expired];
}

function entryAt(number: number, ruleKey: RuleKey): Entry | undefined {
  return stateOf<Entry>(`threshold/${number}`, ruleKey);
}

function partsOf(from: number, next: number): string[] {
  return Array.from({ length: next - from }, (_, index) => String(from + index));
}

function eventsOf(parts: readonly string[], context: StepContext): Event[] {
  return parts.flatMap((part) => stateOf<Entry>(`threshold/${part}`, context)?.event ?? []);
}
