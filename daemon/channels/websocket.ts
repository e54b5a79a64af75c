import { Type } from 'typebox';
import { duration, oneOrMany, strict } from '../core/schema/fields.ts';
import { defineChannel } from './channel.ts';

const settings = strict({
  to: Type.Optional(
    oneOrMany(Type.String({ minLength: 1, maxLength: 128 }), {
      description: 'The users it reaches; `*` is everybody.',
      examples: [['alice', 'bob']],
      default: ['*'],
    }),
  ),
  keep: Type.Optional(
    duration({ description: 'How long a message waits for a user who is away.', examples: ['1h'], default: '7d' }),
  ),
  require: Type.Optional(
    Type.Unsafe<'any' | 'all'>({
      type: 'string',
      enum: ['any', 'all'],
      description: 'Whose acknowledgement makes it delivered: any one of `to`, or all of them.',
      examples: ['all'],
      default: 'any',
    }),
  ),
});

/** WebSocket users of this daemon. A message is put before them durably; its receipt is their acknowledgement. */
export const websocket = defineChannel({
  type: 'websocket',
  summary: 'Connected WebSocket and server-sent-event clients, by user.',
  documentation: 'docs/channels/websocket.md',
  settings,
  limits: {},
  // The same delivery put forward again is one push.
  idempotent: true,
  open: ({ to, keep, require }, { push, clock }) => ({
    async send(message, { delivery }) {
      const keepUntil = clock.now() + keep!;
      await push.push({ delivery, message, to: message.to ?? to!, require: require!, keepUntil });
      return { awaiting: 'receipt', until: keepUntil };
    },
  }),
});
