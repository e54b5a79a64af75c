import { formatDuration, type Rate } from '../../lib/duration.ts';
import { defineStep } from './step.ts';

/** When those that were let through came, milliseconds since the epoch, oldest first; at most as many as the rule lets through. */
interface Passed {
  readonly at: readonly number[];
}

/** At most `max` of a key in any `per`: a sliding window, so that no two windows side by side let through twice as many. */
export const throttle = defineStep<Rate, Passed>({
  name: 'throttle',
  settings: (rule) => rule.throttle,
  run({ count, per }, state, now) {
    const recent = (state?.at ?? []).filter((at) => at > now - per && at <= now + per).slice(-count);
    if (recent.length < count) return { kind: 'pass', state: { value: { at: [...recent, now] }, expires: now + per } };
    return {
      kind: 'stop',
      outcome: 'throttled',
      reason: `${count} within ${formatDuration(per)} already`,
      until: recent[0]! + per,
    };
  },
});
