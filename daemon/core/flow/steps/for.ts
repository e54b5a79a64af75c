import { formatDuration } from '../../../lib/time/duration.ts';
import type { Event } from '../../event/event.ts';
import { duration, strict } from '../../schema/fields.ts';
import { type Static, Type } from '../../schema/type.ts';
import { FOREVER } from '../memory.ts';
import { defineStep, deletion, type EventGroup, notAhead, type Row, stateOf, type StepContext } from '../step.ts';
import { alertOf } from './alert.ts';

/** Milliseconds. Fires after `time`, unless no matching event came for `maxGap`. */
interface Settings {
  readonly time: number;
  readonly maxGap?: number;
}

/** State: the match has lasted from `since` to `last`, milliseconds since the epoch. `held`: it has lasted long enough to fire. */
interface Matching {
  readonly since: number;
  readonly last: number;
  readonly count: number;
  readonly event: Event;
  readonly held?: true;
}

const map = strict(
  {
    time: duration({ description: 'Time for which the rule must hold.', examples: ['10m'] }),
    max_gap: Type.Optional(
      duration({
        description: 'The wait ends when no matching event came for this time. It must be shorter than `time`.',
        examples: ['2m'],
      }),
    ),
  },
  { description: 'Time for which the rule must hold, and the longest gap between matching events.' },
);

/**
 * Lets an event pass after the match has lasted for `time` without a resolving event. The first match starts the wait, later ones
 * do not restart it. Without `maxGap` a match lasts until it is resolved, also without further events.
 */
export const hold = defineStep({
  name: 'for',
  fields: {
    for: Type.Optional(
      Type.Unsafe<number | Static<typeof map>>({
        anyOf: [duration({ description: 'Time for which the rule must hold.', examples: ['5m'] }), map],
        description:
          'Fire this time after the first match, unless an event resolves it before. With `max_gap` only if matching events come often enough.',
        examples: ['5m', { time: '10m', max_gap: '2m' }],
      }),
    ),
  },
  outcomes: { waiting: 'waiting' },
  compile({ for: given }, rule): Settings | undefined {
    if (typeof given !== 'object') {
      rule.positive(['for'], given);
      return given === undefined ? undefined : { time: given };
    }
    const { time, max_gap: maxGap } = given;
    rule.positive(['for', 'time'], time);
    rule.positive(['for', 'max_gap'], maxGap);
    if (maxGap === undefined) return { time };
    if (maxGap >= time) {
      const message = '`max_gap` is not shorter than `time`, so it never ends the waiting';
      const mend = 'give a little more than the time between two events, such as `2m` for one a minute';
      rule.problem(['for', 'max_gap'], 'rule.for', message, mend);
    }
    return { time, maxGap };
  },
  run(settings, { event }, context) {
    const { now } = context;
    const known = stateOf<Matching>('for', context);
    // An alert that fires needs no wait, also if it began before the rule had `for`.
    if (alertOf(context) !== undefined) return { kind: 'pass' };
    if (known?.held === true) return { kind: 'pass', rows: [after({ ...known, last: now }, context)] };
    const state = known !== undefined && waitingEnds(known, settings, context) > now ? known : undefined;
    const since = sinceOf(state, now, settings.time);
    const matching: Matching = { since, last: now, count: (state?.count ?? 0) + 1, event };
    const until = since + settings.time;
    if (until <= now) return { kind: 'pass', group: groupOf(matching), rows: [after(matching, context)] };
    const rows = [rowOf(matching, settings, context)];
    return { kind: 'stop', outcome: 'waiting', reason: reasonOf(settings), until, rows };
  },
  wake(settings = NO_WAIT, context) {
    const state = stateOf<Matching>('for', context);
    if (state === undefined || state.held === true) return { rows: [], groups: [] };
    const until = state.since + settings.time;
    const ends = waitingEnds(state, settings, context);
    if (ends < until && ends <= context.now) {
      return { rows: [deletion()], groups: [], ended: { event: state.event, reason: endReason(settings, context) } };
    }
    if (until > context.now) return { rows: [rowOf(state, settings, context)], groups: [] };
    return { rows: [after(state, context)], groups: [groupOf(state)] };
  },
  reschedule(settings = NO_WAIT, state, context) {
    const matching = notAhead(state as Matching, ['since', 'last'], context.now);
    return [matching.held === true ? heldRow(matching, context) : rowOf(matching, settings, context)];
  },
  forget: (ruleKey) => (stateOf('for', ruleKey) === undefined ? [] : [deletion()]),
  lastEvent: (ruleKey) => stateOf<Matching>('for', ruleKey)?.event,
  isWaiting: (state) => (state as Matching).held !== true,
  waits(settings = NO_WAIT, context) {
    const state = stateOf<Matching>('for', context);
    if (state === undefined || state.held === true) return undefined;
    return { events: state.count, until: state.since + settings.time };
  },
});

/** Settings of a rule that does not have the step any more. */
const NO_WAIT: Settings = { time: 0 };

function reasonOf({ time, maxGap }: Settings): string {
  const often = maxGap === undefined ? '' : `, with no more than ${formatDuration(maxGap)} between matches`;
  return `it has to hold for ${formatDuration(time)}${often}`;
}

/** Time at which the wait ends because nothing has matched for too long. */
function waitingEnds({ last }: Matching, { maxGap }: Settings, { rule }: StepContext): number {
  return last + Math.min(maxGap ?? Number.POSITIVE_INFINITY, resolveAfter(rule));
}

/** Reason for the end of the wait, with the setting that ended it. */
function endReason({ maxGap }: Settings, { rule }: StepContext): string {
  const after = resolveAfter(rule);
  const [setting, time] = maxGap !== undefined && maxGap <= after ? ['max_gap', maxGap] : ['resolve.after', after];
  return `it was over before it fired: no match for ${formatDuration(time)} (\`${setting}\`)`;
}

function resolveAfter({ alert }: StepContext['rule']): number {
  return alert?.resolve?.after ?? Number.POSITIVE_INFINITY;
}

function rowOf(matching: Matching, settings: Settings, context: StepContext): Row {
  const wake = Math.min(matching.since + settings.time, waitingEnds(matching, settings, context));
  return { value: matching, expires: FOREVER, wake };
}

/** Start of the wait. A clock that was set back must not make it longer. */
function sinceOf(state: Matching | undefined, now: number, wait: number): number {
  return state === undefined || state.since > now + wait ? now : state.since;
}

/** State after the wait. It is kept until it is resolved; without `resolve` it is deleted, so that the next match starts a new wait. */
function after(matching: Matching, context: StepContext): Row {
  return context.rule.alert?.resolve === undefined ? deletion() : heldRow(matching, context);
}

/** Row of a match that has lasted long enough; it expires when nothing has matched for `resolve.after`. */
function heldRow(matching: Matching, { rule }: StepContext): Row {
  const value: Matching = matching.held === true ? matching : { ...matching, held: true };
  return { value, expires: Math.min(FOREVER, matching.last + resolveAfter(rule)) };
}

function groupOf({ event, count }: Matching): EventGroup {
  return { event, events: [event], count };
}
