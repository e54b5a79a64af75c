import { formatDuration, type Rate } from '../../../lib/time/duration.ts';
import { defineStep, remembered } from '../step.ts';

/** When those that were let through came, milliseconds since the epoch, oldest first; at most as many as the rule lets through. */
interface Passed {
  readonly at: readonly number[];
}

/** At most `max` of a key in any `per`: a sliding window, so that no two windows side by side let through twice as many. */
export const throttle = defineStep<Rate>({
  name: 'throttle',
  tentative: true,
  settings: (rule) => rule.throttle,
  run({ count, per }, _signal, context) {
    const { now } = context;
    const state = remembered<Passed>('throttle', context);
    const recent = (state?.at ?? []).filter((at) => at > now - per && at <= now + per).slice(-count);
    if (recent.length < count) return { kind: 'pass', rows: [{ value: { at: [...recent, now] }, expires: now + per }] };
    return {
      kind: 'stop',
      outcome: 'throttled',
      reason: `${count} within ${formatDuration(per)} already`,
      until: recent[0]! + per,
    };
  },
  retimed(rate, state) {
    const last = (state as Passed).at.at(-1);
    return rate === undefined || last === undefined ? [] : [{ value: state, expires: last + rate.per }];
  },
});
