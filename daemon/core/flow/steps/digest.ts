import { formatDuration } from '../../../lib/time/duration.ts';
import type { Event } from '../../event/event.ts';
import { duration, strict } from '../../schema/fields.ts';
import { Type } from '../../schema/type.ts';
import { FOREVER } from '../memory.ts';
import {
  defineStep,
  deletion,
  type EventGroup,
  notAhead,
  type Row,
  type RuleKey,
  stateOf,
  type StepContext,
} from '../step.ts';

/** Milliseconds. With `max` events the message is sent at once. */
interface Settings {
  readonly wait: number;
  readonly every: number;
  readonly max?: number;
}

/** State: number of collected events, of which the first are in the rows 0 to `kept` - 1. */
interface Collection {
  readonly count: number;
  readonly kept: number;
  /** Arrival of the first event, milliseconds since the epoch. */
  readonly since: number;
  /** Time of the last message of this key. */
  readonly sent?: number;
}

/** Bound on the events of one message; further ones are only counted. */
export const MAX_KEPT = 1000;

/**
 * Collects the events of a key for one message, which is sent `wait` after the first event, or `every` after the last message if
 * events keep coming, or at once when there are `max` events.
 */
export const digest = defineStep({
  name: 'digest',
  fields: {
    digest: Type.Optional(
      strict(
        {
          wait: Type.Optional(
            duration({
              description: 'Time for which the first event of a key waits for others. If not set, as long as `every`.',
              examples: ['1m'],
            }),
          ),
          every: Type.Optional(
            duration({
              description:
                'Shortest time between two messages of a key. If not set, each message is sent `wait` after its first event.',
              examples: ['1h'],
            }),
          ),
          max: Type.Optional(
            Type.Integer({
              description: 'Number of events at which the message is sent at once.',
              examples: [50],
              minimum: 1,
              maximum: 1000,
            }),
          ),
        },
        { description: 'Collect by `key`, and send one message with all `events`.' },
      ),
    ),
  },
  outcomes: { collected: 'waiting' },
  compile({ digest: given }, rule): Settings | undefined {
    if (given === undefined) return undefined;
    const { wait, every, max } = given;
    rule.positive(['digest', 'wait'], wait);
    rule.positive(['digest', 'every'], every);
    if (wait === undefined && every === undefined) {
      rule.problem(
        ['digest'],
        'rule.digest',
        '`digest` does not say for how long to collect',
        'give `wait` or `every`',
      );
    }
    return { wait: wait ?? every ?? 0, every: every ?? 0, ...(max !== undefined && { max }) };
  },
  run(settings, group, context) {
    const { now } = context;
    const { max } = settings;
    const before = stateOf<Collection>('digest', context) ?? { count: 0, kept: 0, since: now };
    const count = before.count + group.count;
    if (max !== undefined && count >= max) {
      return { kind: 'pass', group: together(before, context, group), rows: emptied(before, settings, context) };
    }
    const added = group.events.slice(0, MAX_KEPT - before.kept);
    const since = before.count === 0 ? now : before.since;
    const collection: Collection = { ...before, count, kept: before.kept + added.length, since };
    const until = dueAt(settings, collection);
    const rows: Row[] = [
      { value: collection, expires: FOREVER, wake: until },
      ...added.map((event, index) => ({ part: String(before.kept + index), value: event, expires: FOREVER })),
    ];
    const reason = `${count} collected${max === undefined ? '' : ` of ${max}`}, for ${formatDuration(Math.max(0, until - since))}`;
    return { kind: 'stop', outcome: 'collected', reason, until, rows };
  },
  wake(settings, context) {
    const state = stateOf<Collection>('digest', context);
    if (state === undefined || state.count === 0) return { rows: [deletion()], groups: [] };
    const due = settings === undefined ? context.now : dueAt(settings, state);
    if (due > context.now) return { rows: [{ value: state, expires: FOREVER, wake: due }], groups: [] };
    return { rows: emptied(state, settings, context), groups: [together(state, context)] };
  },
  reschedule(settings, state, { now }) {
    const collection = notAhead(state as Collection, ['since', 'sent'], now);
    if (collection.count > 0) {
      const wake = settings === undefined ? now : dueAt(settings, collection);
      return [{ value: collection, expires: FOREVER, wake }];
    }
    return settings === undefined ? [] : [{ value: collection, expires: (collection.sent ?? now) + settings.every }];
  },
  // An empty collection is kept for the time of the last message.
  forget(ruleKey) {
    const state = stateOf<Collection>('digest', ruleKey);
    if (state === undefined || state.count === 0) return [];
    return [...partsOf(state.kept).map((part) => deletion(part)), deletion()];
  },
  lastEvent: (ruleKey) => eventAt((stateOf<Collection>('digest', ruleKey)?.kept ?? 0) - 1, ruleKey),
  isWaiting: (state) => (state as Collection).count > 0,
  waits(settings, context) {
    const state = stateOf<Collection>('digest', context);
    if (state === undefined || state.count === 0) return undefined;
    return { events: state.count, ...(settings !== undefined && { until: dueAt(settings, state) }) };
  },
});

function dueAt({ wait, every, max }: Settings, { count, since, sent }: Collection): number {
  if (max !== undefined && count >= max) return since;
  return sent !== undefined && since < sent + every ? sent + every : since + wait;
}

function together(state: Collection, context: StepContext, last?: EventGroup): EventGroup {
  const kept = partsOf(state.kept).flatMap((part) => eventAt(part, context) ?? []);
  const events = [...kept, ...(last?.events ?? [])];
  return { event: events.at(-1)!, events, count: state.count + (last?.count ?? 0) };
}

function eventAt(part: string | number, ruleKey: RuleKey): Event | undefined {
  return stateOf<Event>(`digest/${part}`, ruleKey);
}

function partsOf(kept: number): string[] {
  return Array.from({ length: kept }, (_, index) => String(index));
}

/** State after a message. The time of the message is kept until the next one may be sent without a wait. */
function emptied(state: Collection, settings: Settings | undefined, { now }: StepContext): Row[] {
  const sent: Collection = { count: 0, kept: 0, since: now, sent: now };
  const header =
    settings === undefined || settings.every === 0 ? deletion() : { value: sent, expires: now + settings.every };
  return [...partsOf(state.kept).map((part) => deletion(part)), header];
}
