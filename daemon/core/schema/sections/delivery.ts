import { duration, rate, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** Attempts of one channel at the same time, whatever its rules say. */
export const MAX_CONCURRENCY = 1000;

/** `delivery:` of a channel and of `defaults`. */
export const deliverySchema = strict(
  {
    timeout: Type.Optional(duration({ description: 'Time limit of one attempt.', examples: ['30s'], default: '10s' })),
    retry: Type.Optional(
      Type.Array(duration({ description: 'One wait.', examples: ['5s'] }), {
        description: 'Waits between attempts, each varied by 20 %; an empty list means no retry.',
        examples: [['5s', '1m', '10m'], []],
        default: ['5s', '30s', '2m', '10m', '30m', '1h', '2h', '4h', '8h'],
        maxItems: 100,
      }),
    ),
    give_up_after: Type.Optional(
      duration({
        description: 'Age at which a delivery is given up, even if `retry` has waits left.',
        examples: ['2h'],
        default: '24h',
      }),
    ),
    rate: Type.Optional(
      rate({
        description:
          'Maximum number of messages in a time; further ones wait. If not set, the documented limit of the provider.',
        examples: ['20/1m'],
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        description: 'Number of attempts at the same time.',
        examples: [1],
        default: 4,
        minimum: 1,
        maximum: MAX_CONCURRENCY,
      }),
    ),
    order: Type.Optional(
      Type.Unsafe<'none' | 'key'>({
        type: 'string',
        enum: ['none', 'key'],
        description: '`key`: the deliveries of one key are sent one after another.',
        examples: ['key'],
        default: 'none',
      }),
    ),
    on_unknown: Type.Optional(
      Type.Unsafe<'retry' | 'dead'>({
        type: 'string',
        enum: ['retry', 'dead'],
        description:
          'Effect of a timeout after which it is unknown whether the message arrived. If not set: `retry` if the provider drops repeats, else `dead`.',
        examples: ['retry'],
      }),
    ),
    fallback: Type.Optional(
      Type.String({
        description: 'The channel that gets the message if its delivery to this channel is dead.',
        examples: ['mail'],
      }),
    ),
    paused: Type.Optional(
      Type.Boolean({ description: 'Deliveries wait as `held`.', examples: [true], default: false }),
    ),
  },
  { description: 'Settings of sending: deadlines, retries, rate, order.' },
);

export type DeliverySettings = Static<typeof deliverySchema>;
