import { FORMATS, PRIORITIES } from '../../message/message.ts';
import { strict } from '../fields.ts';
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
    body: text('The rest, in `format`.', 'by alice'),
    format: word(FORMATS, 'How `title` and `body` are written.'),
    priority: word(PRIORITIES, 'How much it may disturb.'),
    tags: texts('Short labels.', 'deploy'),
    link: Type.Optional(text('Where a click leads.', 'https://ci.example.com/1')),
    image: Type.Optional(text('URL of a picture.', 'https://ci.example.com/1.png')),
    actions: Type.Optional(
      Type.Array(
        strict({
          label: text('What the button says.', 'Open'),
          url: text('Where it leads.', 'https://ci.example.com/1'),
        }),
        {
          description: 'Buttons.',
          examples: [[{ label: 'Open', url: 'https://ci.example.com/1' }]],
        },
      ),
    ),
    fields: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Names and values.', examples: [{ Commit: 'a1b2c3' }] }),
    ),
    mention: Type.Optional(texts('Who is called by name.', 'alice')),
    attach: Type.Optional(texts('Paths or URLs of files.', '/srv/report.csv')),
    replace_key: Type.Optional(text('Messages with the same key update one another.', 'build-1')),
    ttl: Type.Optional(text('Of no use after this long.', '1h')),
    to: Type.Optional(texts("Recipients instead of the channel's own.", 'oncall@example.com')),
  },
  { description: 'What was to be said; what stands here when it is resent is what is sent.' },
);

const attempt = Type.Object(
  {
    at: text('When it began, RFC 3339.', '2026-11-23T02:00:00Z'),
    ms: whole('How long it took, in milliseconds.', 41),
    class: Type.Optional(word(['transient', 'permanent', 'unknown', 'internal'], 'Why it failed.')),
    code: Type.Optional(text('The failure, in a word.', 'wecom.93000')),
    message: Type.Optional(text('The failure, in words.', 'invalid webhook url')),
    probe: Type.Optional(Type.Boolean({ description: 'It probed a channel that kept failing.', examples: [true] })),
  },
  { description: 'One attempt to send.' },
);

/** A line of `dead-letters.jsonl`. */
export const deadLetterSchema = Type.Object(
  {
    id: text("The delivery's id.", '01938b1c-6d2e-7000-8000-0123456789ab'),
    dead_at: text('When it ended, RFC 3339.', '2026-11-23T02:00:00Z'),
    class: word(['permanent', 'exhausted', 'expired', 'unknown', 'internal'], 'Why it ended undelivered.'),
    error: Type.Object(
      {
        code: text('The last failure, in a word.', 'wecom.93000'),
        message: text('The last failure, in words.', 'invalid webhook url'),
        status: Type.Optional(whole('The HTTP status or SMTP reply.', 200)),
        body: Type.Optional(text('Answer of the remote server.', '{"errcode":93000}')),
      },
      { description: 'The last failure.' },
    ),
    channel: text('The channel; another name here is where it is resent to.', 'ops'),
    channel_type: text('The type it had.', 'wecom'),
    rule: text('The rule that owed it.', 'failed-deploy'),
    key: text('The key it had in that rule.', 'acme/api'),
    event: Type.Object(
      { id: text('Its id.', '1'), type: text('Its type.', 'deploy.finished') },
      { description: 'The whole event, so that `--requeue` needs no history.' },
    ),
    message,
    attempts: Type.Array(attempt, {
      description: 'Every attempt, oldest first.',
      examples: [[{ at: '2026-11-23T02:00:00Z', ms: 41 }]],
    }),
  },
  { description: 'A delivery that ended undelivered, kept for a person to resend.' },
);
