import { duration, rate, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** `delivery:` of a channel and of `defaults`. */
export const deliverySchema = strict(
  {
    timeout: Type.Optional(duration({ description: 'For one attempt.', examples: ['30s'], default: '10s' })),
    retry: Type.Optional(
      Type.Array(duration({ description: 'One wait.', examples: ['5s'] }), {
        description: 'Waits between attempts, each varied by 20 %; an empty list means no retry.',
        examples: [['5s', '1m', '10m'], []],
        default: ['5s', '30s', '2m', '10m', '30m', '1h', '2h', '4h', '8h'],
        maxItems: 100,
      }),
    ),
    give_up_after: Type.Optional(
      duration({ description: 'The end, whatever is left of `retry`.', examples: ['2h'], default: '24h' }),
    ),
    rate: Type.Optional(
      rate({
        description: 'At most so many in so long; the surplus waits. If not set, what the provider documents.',
        examples: ['20/1m'],
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({ description: 'Attempts at once.', examples: [1], default: 4, minimum: 1, maximum: 1000 }),
    ),
    order: Type.Optional(
      Type.Unsafe<'none' | 'key'>({
        type: 'string',
        enum: ['none', 'key'],
        description: '`key`: the deliveries of one key go out one after another.',
        examples: ['key'],
        default: 'none',
      }),
    ),
    on_unknown: Type.Optional(
      Type.Unsafe<'retry' | 'dead'>({
        type: 'string',
        enum: ['retry', 'dead'],
        description:
          'After a timeout that leaves open whether the message arrived. If not set: `retry` where a repeat is harmless, else `dead`.',
        examples: ['retry'],
      }),
    ),
    fallback: Type.Optional(
      Type.String({ description: 'The channel that gets the message when it ends dead here.', examples: ['mail'] }),
    ),
    paused: Type.Optional(
      Type.Boolean({ description: 'Deliveries wait as `held`.', examples: [true], default: false }),
    ),
  },
  { description: 'How the channel sends: deadlines, retries, rate, order.' },
);

export type DeliverySettings = Static<typeof deliverySchema>;
