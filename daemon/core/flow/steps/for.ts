import { formatDuration } from '../../../lib/time/duration.ts';
import type { Event } from '../../event/event.ts';
import type { Holding } from '../../ruleset.ts';
import { alertOf } from './alert.ts';
import { defineStep, forget, FOREVER, remembered, type Row, type Signal, type StepContext } from '../step.ts';

/** What has been matching since then, milliseconds since the epoch. `held`: it has for long enough. */
interface Matching {
  readonly since: number;
  readonly last: number;
  readonly count: number;
  readonly event: Event;
  readonly held?: true;
}

/**
 * Goes on only when it has held this long with no resolving event; the first match starts the time, later ones do not start it
 * again. Without `maxGap` it holds as long as nothing says that it has ended, however few events come.
 */
export const hold = defineStep<Holding>({
  name: 'for',
  settings: (rule) => rule.for,
  run(settings, { event }, context) {
    const { now } = context;
    const known = remembered<Matching>('for', context);
    // What fires already has held, also when it began to before the rule said `for`.
    if (alertOf(context) !== undefined) return { kind: 'pass' };
    if (known?.held === true) return { kind: 'pass', rows: [after({ ...known, last: now }, context)] };
    const state = known !== undefined && waitingEnds(known, settings, context) > now ? known : undefined;
    const since = sinceOf(state, now, settings.time);
    const matching: Matching = { since, last: now, count: (state?.count ?? 0) + 1, event };
    const until = since + settings.time;
    if (until <= now) return { kind: 'pass', signal: signalOf(matching), rows: [after(matching, context)] };
    return {
      kind: 'stop',
      kept: true,
      outcome: 'waiting',
      reason: reasonOf(settings),
      until,
      rows: [rowOf(matching, settings, context)],
    };
  },
  wake(settings = NO_WAIT, context) {
    const state = remembered<Matching>('for', context);
    if (state === undefined || state.held === true) return { rows: [], signals: [] };
    const until = state.since + settings.time;
    const ends = waitingEnds(state, settings, context);
    if (ends < until && ends <= context.now) {
      return { rows: [forget()], signals: [], ended: { event: state.event, reason: whyEnded(settings, context) } };
    }
    if (until > context.now) return { rows: [rowOf(state, settings, context)], signals: [] };
    return { rows: [after(state, context)], signals: [signalOf(state)] };
  },
  retimed: (settings = NO_WAIT, state, context) => {
    const matching = state as Matching;
    return [matching.held === true ? heldRow(matching, context) : rowOf(matching, settings, context)];
  },
});

/** The rule does not have the step any more. */
const NO_WAIT: Holding = { time: 0 };

function reasonOf({ time, maxGap }: Holding): string {
  const often = maxGap === undefined ? '' : `, with no more than ${formatDuration(maxGap)} between matches`;
  return `it has to hold for ${formatDuration(time)}${often}`;
}

/** When the waiting is over because nothing has matched for too long. */
function waitingEnds({ last }: Matching, { maxGap }: Holding, { rule }: StepContext): number {
  return last + Math.min(maxGap ?? Number.POSITIVE_INFINITY, rule.resolve?.after ?? Number.POSITIVE_INFINITY);
}

/** The setting of the rule by which the waiting is over. */
function whyEnded({ maxGap }: Holding, { rule }: StepContext): string {
  const after = rule.resolve?.after ?? Number.POSITIVE_INFINITY;
  const [setting, time] = maxGap !== undefined && maxGap <= after ? ['max_gap', maxGap] : ['resolve.after', after];
  return `it was over before it fired: no match for ${formatDuration(time)} (\`${setting}\`)`;
}

function rowOf(matching: Matching, settings: Holding, context: StepContext): Row {
  const wake = Math.min(matching.since + settings.time, waitingEnds(matching, settings, context));
  return { value: matching, expires: FOREVER, wake };
}

/** A clock that was set back must not make it wait longer than it has to. */
function sinceOf(state: Matching | undefined, now: number, wait: number): number {
  return state === undefined || state.since > now + wait ? now : state.since;
}

/** What can be resolved has held until it is; without a resolving event the next match is a new one. */
function after(matching: Matching, context: StepContext): Row {
  return context.rule.resolve === undefined ? forget() : heldRow(matching, context);
}

/** It has held until nothing has matched for as long as `resolve.after`. */
function heldRow(matching: Matching, { rule }: StepContext): Row {
  const ends = matching.last + (rule.resolve?.after ?? Number.POSITIVE_INFINITY);
  const value: Matching = matching.held === true ? matching : { ...matching, held: true };
  return { value, expires: Math.min(FOREVER, ends) };
}

function signalOf({ event, count }: Matching): Signal {
  return { event, events: [event], count };
}
