import { SendFailure } from '../../core/problems/failure.ts';
import { strict } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { defineChannel, supports } from '../channel.ts';
import { joinLines, plainBody, plainTitle } from '../kit/text/plain.ts';
import { cutToBytes } from '../kit/text/text.ts';

/** Limits of a log line, in bytes. */
const MAX_BODY_BYTES = 16 * 1024;
const MAX_TITLE_BYTES = 1024;

/** The daemon's own log: the terminal, or under systemd the journal. */
export const log = defineChannel({
  type: 'log',
  summary: "The daemon's own log: the terminal, or the journal under systemd",
  documentation: 'https://github.com/pinojs/pino/blob/main/docs/api.md#logger-level',
  setup: ['Nothing is needed.'],
  example: { level: 'info' },
  settings: strict({
    level: Type.Optional(
      Type.Unsafe<'debug' | 'info' | 'warn' | 'error'>({
        type: 'string',
        enum: ['debug', 'info', 'warn', 'error'],
        description: 'Level of the log lines. Lines below `daemon.log.level` are not written.',
        examples: ['warn'],
        default: 'info',
      }),
    ),
  }),
  limits: { concurrency: 1, text: '16 KiB of the body' },
  supports: supports({ kept: 'priority tags link', text: 'markdown html' }),
  idempotent: false,
  open: ({ level = 'info' }, tools) => ({
    send(message, { delivery, signal }) {
      if (signal.aborted) {
        return Promise.reject(
          new SendFailure('transient', 'log.aborted', 'the attempt ended before anything was written'),
        );
      }
      if (!tools.log.isLevelEnabled(level)) {
        const reason = `the daemon's log leaves out level ${level}: lower daemon.log.level, or raise this channel's level`;
        return Promise.reject(new SendFailure('permanent', 'log.level', reason, { misconfigured: true }));
      }
      const body = cutToBytes(joinLines(plainBody(message)), MAX_BODY_BYTES);
      tools.log[level](
        {
          ...(body !== '' && { body }),
          ...(message.priority !== 'normal' && { priority: message.priority }),
          ...(message.tags.length > 0 && { tags: message.tags }),
          ...(message.link !== undefined && { link: message.link }),
          rule: delivery.rule,
          delivery: delivery.id,
        },
        cutToBytes(plainTitle(message), MAX_TITLE_BYTES),
      );
      return Promise.resolve({ answer: `logged at ${level}` });
    },
  }),
});
