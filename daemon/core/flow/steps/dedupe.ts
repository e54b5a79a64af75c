import { formatDuration } from '../../../lib/time/duration.ts';
import { defineStep, remembered } from '../step.ts';

/** `since`: when the one that was let through came, milliseconds since the epoch. */
interface Seen {
  readonly since: number;
}

/** The same key again within the window is dropped. The window begins with the one that was let through, and a repeat does not prolong it. */
export const dedupe = defineStep<number>({
  name: 'dedupe',
  tentative: true,
  settings: (rule) => rule.dedupe,
  run(window, _signal, context) {
    const { now } = context;
    const state = remembered<Seen>('dedupe', context);
    const until = state === undefined ? now : state.since + window;
    // A clock that was set back must not keep a window open longer than it is.
    if (state === undefined || now >= until || now < state.since - window) {
      return { kind: 'pass', rows: [{ value: { since: now }, expires: now + window }] };
    }
    return { kind: 'stop', outcome: 'deduplicated', reason: `the same key within ${formatDuration(window)}`, until };
  },
  retimed: (window, state) => (window === undefined ? [] : [{ value: state, expires: (state as Seen).since + window }]),
});
