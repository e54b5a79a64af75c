import { isBroadcastOfEvent } from '../../core/message/broadcast.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { duration, oneOrMany, strict } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { defineChannel, supports } from '../channel.ts';
import { checkRecipients } from '../kit/recipients.ts';

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
  documentation: 'https://www.rfc-editor.org/rfc/rfc6455',
  settings,
  limits: {},
  // The same delivery put forward again is one push.
  supports: supports({ kept: 'markdown html priority tags link image actions fields mention attach replace_key to' }),
  idempotent: true,
  open: ({ to, keep, require }, { push, clock }) => ({
    async send(message, { delivery, signal }) {
      checkRecipients(message.to, 'push.bad_recipient');
      refuseEverybodyOfEvent(message.to);
      if (signal.aborted) throw new SendFailure('transient', 'push.aborted', 'it was stopped before it was put down');
      const keepUntil = clock.now() + keep!;
      try {
        await push.push({ delivery, message, to: message.to ?? to!, require: require!, keepUntil });
      } catch (cause) {
        if (cause instanceof SendFailure) throw cause;
        throw new SendFailure('transient', 'push.store', 'it could not be put down for its users', { cause });
      }
      return { awaiting: 'receipt', until: keepUntil };
    },
  }),
});

function refuseEverybodyOfEvent(to: readonly string[] | undefined): void {
  const place = (to ?? []).findIndex(isBroadcastOfEvent);
  if (place === -1) return;
  const message = `recipient ${place + 1} of the message's \`to\` is \`*\` from an event: only the rules may name everybody, by a \`*\` that is written there`;
  throw new SendFailure('permanent', 'push.bad_recipient', message);
}
