import { formatDuration } from '../../../lib/time/duration.ts';
import { duration } from '../../schema/fields.ts';
import { Type } from '../../schema/type.ts';
import { defineStep, stateOf } from '../step.ts';

/** `since`: arrival of the event that passed, milliseconds since the epoch. */
interface Window {
  readonly since: number;
}

/** Drops further events of a key within a window, which begins with an event that passed. A dropped event does not prolong it. */
export const dedupe = defineStep({
  name: 'dedupe',
  fields: {
    dedupe: Type.Optional(
      duration({ description: 'The same `key` again within this time is dropped.', examples: ['10m'] }),
    ),
  },
  outcomes: { deduplicated: 'dropped' },
  tentative: true,
  endsLoops: true,
  compile({ dedupe: window }, rule) {
    rule.positive(['dedupe'], window);
    return window;
  },
  run(window, _group, context) {
    const { now } = context;
    const state = stateOf<Window>('dedupe', context);
    const until = state === undefined ? now : state.since + window;
    // A clock that was set back must not keep a window open longer than it is.
    if (state === undefined || now >= until || now < state.since - window) {
      return { kind: 'pass', rows: [{ value: { since: now }, expires: now + window }] };
    }
    return { kind: 'stop', outcome: 'deduplicated', reason: `the same key within ${formatDuration(window)}`, until };
  },
  reschedule: (window, state) =>
    window === undefined ? [] : [{ value: state, expires: (state as Window).since + window }],
});
