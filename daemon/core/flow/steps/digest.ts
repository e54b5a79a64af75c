import { formatDuration } from '../../../lib/time/duration.ts';
import type { Event } from '../../event/event.ts';
import type { Digest } from '../../ruleset.ts';
import {
  defineStep,
  forget,
  FOREVER,
  type MemoryOf,
  remembered,
  type Row,
  type Signal,
  type StepContext,
} from '../step.ts';

/** What has been collected: `count` events, of which the rows 0 to before `kept` hold the first. */
interface Collection {
  readonly count: number;
  readonly kept: number;
  /** When the first of it came, milliseconds since the epoch. */
  readonly since: number;
  /** When the last message of this key went out. */
  readonly sent?: number;
}

/** Of one message; the rest is counted. */
const MOST_KEPT = 1000;

/**
 * Collects by key into one message: `wait` after the first event; `every` after the last message, if events keep coming; at once
 * when there are `max`.
 */
export const digest = defineStep<Digest>({
  name: 'digest',
  settings: (rule) => rule.digest,
  run(settings, signal, context) {
    const { now } = context;
    const { max } = settings;
    const before = remembered<Collection>('digest', context) ?? { count: 0, kept: 0, since: now };
    const count = before.count + signal.count;
    if (max !== undefined && count >= max) {
      return { kind: 'pass', signal: together(before, context, signal), rows: emptied(before, settings, context) };
    }
    const fresh = signal.events.slice(0, MOST_KEPT - before.kept);
    const since = before.count === 0 ? now : before.since;
    const collection: Collection = { ...before, count, kept: before.kept + fresh.length, since };
    const until = dueOf(settings, collection);
    const rows: Row[] = [
      { value: collection, expires: FOREVER, wake: until },
      ...fresh.map((event, index) => ({ part: String(before.kept + index), value: event, expires: FOREVER })),
    ];
    const reason = `${count} collected${max === undefined ? '' : ` of ${max}`}, for ${formatDuration(Math.max(0, until - since))}`;
    return { kind: 'stop', kept: true, outcome: 'collected', reason, until, rows };
  },
  wake(settings, context) {
    const state = remembered<Collection>('digest', context);
    if (state === undefined || state.count === 0) return { rows: [forget()], signals: [] };
    const due = settings === undefined ? context.now : dueOf(settings, state);
    if (due > context.now) return { rows: [{ value: state, expires: FOREVER, wake: due }], signals: [] };
    return { rows: emptied(state, settings, context), signals: [together(state, context)] };
  },
  retimed: (settings, state, { now }) => {
    const collection = state as Collection;
    if (collection.count > 0) {
      const wake = settings === undefined ? now : dueOf(settings, collection);
      return [{ value: collection, expires: FOREVER, wake }];
    }
    return settings === undefined ? [] : [{ value: collection, expires: (collection.sent ?? now) + settings.every }];
  },
});

function dueOf({ wait, every, max }: Digest, { count, since, sent }: Collection): number {
  if (max !== undefined && count >= max) return since;
  return sent !== undefined && since < sent + every ? sent + every : since + wait;
}

function together(state: Collection, context: StepContext, last?: Signal): Signal {
  const events = [...eventsOf(state, context), ...(last?.events ?? [])];
  return { event: events.at(-1)!, events, count: state.count + (last?.count ?? 0) };
}

function eventsOf({ kept }: Collection, context: StepContext): Event[] {
  return partsOf(kept).flatMap((part) => remembered<Event>(`digest/${part}`, context) ?? []);
}

function partsOf(kept: number): string[] {
  return Array.from({ length: kept }, (_, index) => String(index));
}

/** For as long as the next message must not follow at once, it is remembered that one went out. */
function emptied(state: Collection, settings: Digest | undefined, { now }: StepContext): Row[] {
  const sent: Collection = { count: 0, kept: 0, since: now, sent: now };
  const header =
    settings === undefined || settings.every === 0 ? forget() : { value: sent, expires: now + settings.every };
  return [...partsOf(state.kept).map((part) => forget(part)), header];
}

/** Every row that is collected for the rule and key at hand, to be forgotten; not that a message went out just now. */
export function forgetCollected(place: MemoryOf): Row[] {
  const state = remembered<Collection>('digest', place);
  return state === undefined || state.count === 0 ? [] : [...partsOf(state.kept).map((part) => forget(part)), forget()];
}
