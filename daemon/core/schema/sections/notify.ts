import { condition, duration, oneOrMany, strict, template } from '../fields.ts';
import { type Static, Type } from '../type.ts';
import { messageSchema } from './message.ts';

const notifyTarget = strict(
  {
    channel: Type.String({ description: 'The name of a channel.', examples: ['ops'], minLength: 1 }),
    to: Type.Optional(
      oneOrMany(template({ description: 'One recipient.', examples: ['oncall@example.com'] }), {
        description: "Recipients, in the words of the channel, instead of the channel's own.",
        examples: ['{{ data.author.email }}'],
      }),
    ),
    if: Type.Optional(
      condition({ description: 'Only when this holds (CEL).', examples: ['data.environment == "production"'] }),
    ),
    message: Type.Optional(messageSchema),
    delay: Type.Optional(duration({ description: 'Not before this long after the event.', examples: ['5m'] })),
  },
  { description: 'A channel, and what is different for it.' },
);

export type TargetSettings = string | Static<typeof notifyTarget>;

/** A channel, or several, each by name or with what is different for it. */
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
