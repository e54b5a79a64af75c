import { FORMATS, PRIORITIES } from '../../message/message.ts';
import { durationText, oneOrMany, pathTemplate, strict, template, wordOrTemplate } from '../fields.ts';
import { type Static, Type } from '../type.ts';

const action = strict(
  {
    label: template({ description: 'What the button says.', examples: ['Open the build'] }),
    url: template({ description: 'Where it leads.', examples: ['{{ data.url }}'] }),
  },
  { description: 'A button under the message.' },
);

/** `message:` of a rule, of a notify target and of `defaults`. Every text is a Liquid template. */
export const messageSchema = strict(
  {
    title: Type.Optional(
      template({ description: 'One line that says what happened.', examples: ['Deploy failed: {{ data.repo }}'] }),
    ),
    body: Type.Optional(
      template({ description: 'The rest, in `format`.', examples: ['{{ data.message }}, {{ count }} so far'] }),
    ),
    format: Type.Optional(
      Type.Unsafe<(typeof FORMATS)[number]>({
        type: 'string',
        enum: [...FORMATS],
        description: 'How `title` and `body` are written; a channel that cannot show it gets it as plain text.',
        examples: ['markdown'],
      }),
    ),
    priority: Type.Optional(
      wordOrTemplate(PRIORITIES, {
        description: 'How much it may disturb; `normal` if not set.',
        examples: ['high', '{% if data.critical %}urgent{% else %}normal{% endif %}'],
      }),
    ),
    tags: Type.Optional(
      oneOrMany(template({ description: 'One tag.', examples: ['deploy'] }), {
        description: 'Short labels, for channels that show or filter by them.',
        examples: [['deploy', '{{ data.env }}']],
      }),
    ),
    link: Type.Optional(
      template({ description: 'Where a click on the message leads.', examples: ['{{ data.html_url }}'] }),
    ),
    image: Type.Optional(template({ description: 'URL of a picture to show.', examples: ['{{ data.snapshot }}'] })),
    actions: Type.Optional(
      Type.Array(action, {
        description: 'Buttons, for channels that have them.',
        examples: [[{ label: 'Open the build', url: '{{ data.url }}' }]],
      }),
    ),
    fields: Type.Optional(
      Type.Record(Type.String(), template({ description: 'The value of one field.', examples: ['{{ data.sha }}'] }), {
        description: 'Names and values, shown as a small table.',
        examples: [{ Commit: '{{ data.sha }}', By: '{{ data.user }}' }],
      }),
    ),
    mention: Type.Optional(
      oneOrMany(template({ description: 'One person, in the words of the channel.', examples: ['@alice'] }), {
        description: 'Who is called by name, in the words of the channel.',
        examples: [['13800000000'], 'all'],
      }),
    ),
    attach: Type.Optional(
      oneOrMany(pathTemplate({ description: 'Path or URL of one file.', examples: ['{{ subject }}'] }), {
        description: 'Paths or URLs of files to send along, for channels that can.',
        examples: ['{{ subject }}'],
      }),
    ),
    replace_key: Type.Optional(
      template({
        description: 'Messages with the same key update one another where the channel can.',
        examples: ['build-{{ data.id }}'],
      }),
    ),
    ttl: Type.Optional(
      durationText({ description: 'After this long the message is of no use and is not sent.', examples: ['1h'] }),
    ),
    to: Type.Optional(
      oneOrMany(template({ description: 'One recipient.', examples: ['oncall@example.com'] }), {
        description: "Recipients, in the words of the channel, instead of the channel's own.",
        examples: [['oncall@example.com']],
      }),
    ),
  },
  { description: 'What is said. Without it a readable message is made from the event.' },
);

export type MessageSettings = Static<typeof messageSchema>;
