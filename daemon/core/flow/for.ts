import { formatDuration } from '../../lib/duration.ts';
import type { Event } from '../event.ts';
import { alertOf } from './alert.ts';
import { defineStep, forget, FOREVER, remembered, type Row, type Signal, type StepContext } from './step.ts';

/** What has been matching since then, milliseconds since the epoch. `held`: it has for long enough. */
interface Matching {
  readonly since: number;
  readonly last: number;
  readonly count: number;
  readonly event: Event;
  readonly held?: true;
}

/** Goes on only when it has held this long with no resolving event; the first match starts the time, later ones do not start it again. */
export const hold = defineStep<number>({
  name: 'for',
  settings: (rule) => rule.for,
  run(wait, { event }, context) {
    const { now } = context;
    const known = remembered<Matching>('for', context);
    // What fires already has held, also when it began to before the rule said `for`.
    if (alertOf(context) !== undefined) return { kind: 'pass' };
    if (known?.held === true) return { kind: 'pass', rows: [after({ ...known, last: now }, context)] };
    const state = known !== undefined && endsAt(known, context) > now ? known : undefined;
    const since = sinceOf(state, now, wait);
    const matching: Matching = { since, last: now, count: (state?.count ?? 0) + 1, event };
    const until = since + wait;
    if (until <= now) return { kind: 'pass', signal: signalOf(matching), rows: [after(matching, context)] };
    return {
      kind: 'stop',
      kept: true,
      outcome: 'waiting',
      reason: `it has to hold for ${formatDuration(wait)}`,
      until,
      rows: [rowOf(matching, wait, context)],
    };
  },
  wake(wait, context) {
    const state = remembered<Matching>('for', context);
    if (state === undefined || state.held === true) return { rows: [], signals: [] };
    const until = state.since + (wait ?? 0);
    const ends = endsAt(state, context);
    if (ends < until && ends <= context.now) return { rows: [forget()], signals: [] };
    if (until > context.now) return { rows: [rowOf(state, wait ?? 0, context)], signals: [] };
    return { rows: [after(state, context)], signals: [signalOf(state)] };
  },
  due: (wait, state, context) => {
    const matching = state as Matching;
    return matching.held === true ? undefined : Math.min(matching.since + (wait ?? 0), endsAt(matching, context));
  },
});

/** When it is over because nothing has matched for as long as `resolve.after`. */
function endsAt({ last }: Matching, { rule }: StepContext): number {
  return last + (rule.resolve?.after ?? Number.POSITIVE_INFINITY);
}

function rowOf(matching: Matching, wait: number, context: StepContext): Row {
  return { value: matching, expires: FOREVER, wake: Math.min(matching.since + wait, endsAt(matching, context)) };
}

/** A clock that was set back must not make it wait longer than it has to. */
function sinceOf(state: Matching | undefined, now: number, wait: number): number {
  return state === undefined || state.since > now + wait ? now : state.since;
}

/** What can be resolved has held until it is; without a resolving event the next match is a new one. */
function after(matching: Matching, context: StepContext): Row {
  if (context.rule.resolve === undefined) return forget();
  return { value: { ...matching, held: true }, expires: Math.min(FOREVER, endsAt(matching, context)) };
}

function signalOf({ event, count }: Matching): Signal {
  return { event, events: [event], count };
}
