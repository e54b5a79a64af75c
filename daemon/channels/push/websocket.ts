import { isBroadcastOfEvent } from '../../core/message/broadcast.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { duration, oneOrMany, strict } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { defineChannel, supports } from '../channel.ts';
import { checkRecipients } from '../kit/recipients/names.ts';

const settings = strict({
  to: Type.Optional(
    oneOrMany(Type.String({ minLength: 1, maxLength: 128 }), {
      description: 'Users that get the message; `*` is everybody.',
      examples: [['alice', 'bob']],
      default: ['*'],
    }),
  ),
  keep: Type.Optional(
    duration({
      description: 'Time for which a message waits for a user who is not connected.',
      examples: ['1h'],
      default: '7d',
    }),
  ),
  require: Type.Optional(
    Type.Unsafe<'any' | 'all'>({
      type: 'string',
      enum: ['any', 'all'],
      description:
        'Users who must acknowledge a message before it counts as delivered: any one of `to`, or all of them.',
      examples: ['all'],
      default: 'any',
    }),
  ),
});

/** Pushes messages to connected users. A push is durable; the receipt of the delivery is the acknowledgement of the users. */
export const websocket = defineChannel({
  type: 'websocket',
  summary: 'Programs and pages of users, connected over WebSocket or server-sent events',
  documentation: 'https://www.rfc-editor.org/rfc/rfc6455',
  setup: [
    'Give each user a token of scope `stream:NAME` under `daemon.tokens`.',
    'Connect to `/v1/stream` with it, or import `/client.js` in a page.',
  ],
  example: { to: ['alice'] },
  receipt: 'name of the user who acknowledged it',
  settings,
  limits: {},
  // A delivery that is pushed again stays one push.
  supports: supports({ kept: 'markdown html priority tags link image actions fields mention attach replace_key to' }),
  idempotent: true,
  open: ({ to, keep, require }, { push, clock }) => ({
    async send(message, { delivery, signal }) {
      checkRecipients(message.to, 'push.bad_recipient');
      refuseEverybodyOfEvent(message.to);
      if (signal.aborted)
        throw new SendFailure('transient', 'push.aborted', 'the attempt ended before the message was stored');
      const keepUntil = clock.now() + keep!;
      try {
        await push.push({ delivery, message, to: message.to ?? to!, require: require!, keepUntil });
      } catch (cause) {
        if (cause instanceof SendFailure) throw cause;
        throw new SendFailure('transient', 'push.store', 'the message could not be stored for its users', { cause });
      }
      return { awaiting: 'receipt', until: keepUntil };
    },
  }),
});

function refuseEverybodyOfEvent(to: readonly string[] | undefined): void {
  const index = (to ?? []).findIndex(isBroadcastOfEvent);
  if (index === -1) return;
  const message = `recipient ${index + 1} of the message's \`to\` is a \`*\` from an event: only a \`*\` that is written in the rules reaches everybody`;
  throw new SendFailure('permanent', 'push.bad_recipient', message);
}
