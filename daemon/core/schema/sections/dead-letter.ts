import { FORMATS, PRIORITIES } from '../../message/message.ts';
import { Type } from '../type.ts';

const text = (description: string, example: string) => Type.String({ description, examples: [example] });
const texts = (description: string, example: string) =>
  Type.Array(Type.String(), { description, examples: [[example]] });
const word = (words: readonly string[], description: string) =>
  Type.Unsafe<string>({ type: 'string', enum: [...words], description, examples: [words[0]] });
const whole = (description: string, example: number) => Type.Integer({ description, examples: [example] });

const message = Type.Object(
  {
    title: text('One line.', 'Deploy failed: acme/api'),
    body: text('The text of the message, in `format`.', 'by alice'),
    format: word(FORMATS, 'Format of `title` and `body`.'),
    priority: word(PRIORITIES, 'Priority of the message.'),
    tags: texts('Short labels.', 'deploy'),
    link: Type.Optional(text('URL that a click on the message opens.', 'https://ci.example.com/1')),
    image: Type.Optional(text('URL of a picture.', 'https://ci.example.com/1.png')),
    actions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            label: text('The text of the button.', 'Open'),
            url: Type.Optional(text('The link.', 'https://ci.example.com/1')),
            do: Type.Optional(text('Change of the alert, in place of a link: `ack`, `resolve`, `silence 1h`.', 'ack')),
          },
          { additionalProperties: false },
        ),
        {
          description: 'Buttons.',
          examples: [[{ label: 'Open', url: 'https://ci.example.com/1' }]],
        },
      ),
    ),
    fields: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Names and values.', examples: [{ Commit: 'a1b2c3' }] }),
    ),
    mention: Type.Optional(texts('Mentioned people.', 'alice')),
    attach: Type.Optional(texts('Paths or URLs of files.', '/srv/report.csv')),
    replace_key: Type.Optional(text('A message replaces the earlier message with the same key.', 'build-1')),
    ttl: Type.Optional(text('Time after which the message is not sent any more.', '1h')),
    to: Type.Optional(texts('Recipients in place of those in the settings of the channel.', 'oncall@example.com')),
  },
  { description: 'The message. You may edit it: a resend sends it as it is here.' },
);

/** A message of which every field is known, as a request gives it. */
export const editedMessageSchema = Type.Object(message.properties, { additionalProperties: false });

const event = Type.Object(
  { id: text('The id of the event.', '1'), type: text('The type of the event.', 'deploy.finished') },
  { description: 'The whole event, so that `--requeue` needs no history.' },
);

const attempt = Type.Object(
  {
    at: text('Time at which it began, RFC 3339.', '2026-11-23T02:00:00Z'),
    ms: whole('Duration in milliseconds.', 41),
    class: Type.Optional(word(['transient', 'permanent', 'unknown', 'internal'], 'Class of the failure.')),
    code: Type.Optional(text('Code of the failure.', 'wecom.93000')),
    message: Type.Optional(text('Description of the failure.', 'invalid webhook url')),
    probe: Type.Optional(Type.Boolean({ description: 'True for a probe of a failing channel.', examples: [true] })),
  },
  { description: 'One attempt to send.' },
);

/** A line of `dead-letters.jsonl`, as the daemon writes it. */
export const deadLetterSchema = Type.Object(
  {
    id: text("The delivery's id.", '01938b1c-6d2e-7000-8000-0123456789ab'),
    dead_at: text('Time at which the delivery ended, RFC 3339.', '2026-11-23T02:00:00Z'),
    class: word(
      ['permanent', 'exhausted', 'expired', 'unknown', 'internal'],
      'Reason why the delivery ended undelivered.',
    ),
    error: Type.Object(
      {
        code: text('Code of the last failure.', 'wecom.93000'),
        message: text('Description of the last failure.', 'invalid webhook url'),
        status: Type.Optional(whole('The HTTP status or SMTP reply.', 200)),
        body: Type.Optional(text('Answer of the remote server.', '{"errcode":93000}')),
      },
      { description: 'The last failure.' },
    ),
    channel: text('The channel. You may edit it: a resend goes to the channel that is named here.', 'ops'),
    channel_type: text('The type of the channel.', 'wecom'),
    rule: text('The rule that made the delivery.', 'failed-deploy'),
    key: text('The key of the rule for its event.', 'acme/api'),
    event,
    message,
    attempts: Type.Array(attempt, {
      description: 'Every attempt, oldest first.',
      examples: [[{ at: '2026-11-23T02:00:00Z', ms: 41 }]],
    }),
  },
  { description: 'A delivery that ended undelivered. It is kept until a person resends or drops it.' },
);

const {
  id,
  dead_at,
  class: deadClass,
  error,
  channel,
  channel_type,
  rule,
  key,
  attempts,
} = deadLetterSchema.properties;
const { title, body, format, priority, tags, ...optional } = message.properties;

/** A line that can be sent: a person may have removed the fields that a resend does not need. */
export const sendableLetterSchema = Type.Object({
  id,
  channel,
  rule,
  event,
  message: Type.Object({
    title,
    body,
    format: Type.Optional(format),
    priority: Type.Optional(priority),
    tags: Type.Optional(tags),
    ...optional,
  }),
  dead_at: Type.Optional(dead_at),
  class: Type.Optional(deadClass),
  error: Type.Optional(error),
  channel_type: Type.Optional(channel_type),
  key: Type.Optional(key),
  attempts: Type.Optional(attempts),
});
