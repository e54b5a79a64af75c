import { duration, oneOrMany, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** The long form of `canary:` of a channel. */
export const canarySchema = strict(
  {
    every: duration({ description: 'Time between two canaries, at least 1m.', examples: ['1d'] }),
    within: Type.Optional(
      duration({
        description:
          'Time in which a canary must be delivered, at most `every`. If not set, 15m, which is enough for four attempts.',
        examples: ['5m'],
      }),
    ),
    notify: Type.Optional(
      Type.String({
        description:
          'The channel that gets the alarm if a canary is not delivered in time. If not set, the `fallback` of the channel.',
        examples: ['mail'],
      }),
    ),
    to: Type.Optional(
      oneOrMany(Type.String({ description: 'One recipient.', examples: ['ops@example.com'] }), {
        description: 'Recipients of the canary, in place of those of the channel.',
        examples: ['ops@example.com'],
      }),
    ),
  },
  {
    description:
      'A message that is sent through this channel from time to time, to show that it works; an alarm goes through another channel if it is not delivered.',
  },
);

type Canary = Static<typeof canarySchema>;

/** Settings that every channel takes beside `type`, `delivery` and those of its type. */
export const channelFieldsSchema = strict({
  canary: Type.Optional(
    Type.Unsafe<number | Canary>({
      anyOf: [duration({ description: 'Time between two canaries, at least 1m.', examples: ['1d'] }), canarySchema],
      description:
        'Sends a message through this channel this often, to show that it works. If it is not delivered in time, an alarm goes through `notify`, or through the `fallback` of the channel.',
      examples: ['1d', { every: '1d', within: '5m', notify: 'mail' }],
    }),
  ),
});
