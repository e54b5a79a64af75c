import { formatDuration } from '../../../lib/time/duration.ts';
import { duration, strict } from '../../schema/fields.ts';
import { Type } from '../../schema/type.ts';
import { defineStep, stateOf } from '../step.ts';

/** Arrivals of the events that passed, milliseconds since the epoch, oldest first; at most `max`. */
interface Passed {
  readonly at: readonly number[];
}

/** Lets at most `max` events of a key pass in any period of length `per` (a sliding window). */
export const throttle = defineStep({
  name: 'throttle',
  fields: {
    throttle: Type.Optional(
      strict(
        {
          max: Type.Integer({
            description: 'This number of messages ...',
            examples: [1],
            minimum: 1,
            maximum: 1_000_000,
          }),
          per: duration({ description: '... in this time, by `key`.', examples: ['10m'] }),
        },
        { description: 'At most this number of messages in a time; the next one says how many were suppressed.' },
      ),
    ),
  },
  outcomes: { throttled: 'dropped' },
  tentative: true,
  compile({ throttle: limit }, rule) {
    rule.positive(['throttle', 'per'], limit?.per);
    return limit;
  },
  run({ max, per }, _group, context) {
    const { now } = context;
    const state = stateOf<Passed>('throttle', context);
    const passed = (state?.at ?? []).filter((at) => at > now - per && at <= now + per).slice(-max);
    if (passed.length < max) return { kind: 'pass', rows: [{ value: { at: [...passed, now] }, expires: now + per }] };
    return {
      kind: 'stop',
      outcome: 'throttled',
      reason: `${max} within ${formatDuration(per)} already`,
      until: passed[0]! + per,
    };
  },
  reschedule(limit, state) {
    const last = (state as Passed).at.at(-1);
    return limit === undefined || last === undefined ? [] : [{ value: state, expires: last + limit.per }];
  },
});
