import { condition, duration, oneOrMany, strict, template } from '../fields.ts';
import { type Static, Type } from '../type.ts';
import { messageSchema } from './message.ts';

const notifyTarget = strict(
  {
    channel: Type.String({ description: 'The name of a channel.', examples: ['ops'], minLength: 1 }),
    to: Type.Optional(
      oneOrMany(template({ description: 'One recipient.', examples: ['oncall@example.com'] }), {
        description: 'Recipients, in the form that the channel expects, in place of those in its settings.',
        examples: ['{{ data.author.email }}'],
      }),
    ),
    if: Type.Optional(
      condition({
        description: 'Condition: notify this target only if it holds (CEL).',
        examples: ['data.environment == "production"'],
      }),
    ),
    message: Type.Optional(messageSchema),
    delay: Type.Optional(duration({ description: 'Delay of the delivery after the decision.', examples: ['5m'] })),
  },
  { description: 'A channel with settings for this target.' },
);

export type TargetSettings = string | Static<typeof notifyTarget>;

/** One target or several: the name of a channel, or a map with settings for this target. */
export const notifySchema = (description: string) =>
  Type.Unsafe<readonly TargetSettings[]>({
    belfry: 'list',
    anyOf: [
      { type: 'string', minLength: 1, description: 'The name of a channel.' },
      notifyTarget,
      { type: 'array', items: { anyOf: [{ type: 'string', minLength: 1 }, notifyTarget] } },
    ],
    description,
    examples: ['ops', ['ops', { channel: 'mail', to: 'oncall@example.com' }]],
  });
