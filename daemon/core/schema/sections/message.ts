import { FORMATS, PRIORITIES } from '../../message/message.ts';
import { durationText, oneOrMany, pathTemplate, strict, template, wordOrTemplate } from '../fields.ts';
import type { ActionTemplates } from '../../ruleset.ts';
import { Type } from '../type.ts';

const action = Type.Unsafe<ActionTemplates>({
  anyOf: [
    { type: 'string', belfry: 'alert-button', description: 'A button on the alert: `ack`, `resolve` or `silence 1h`.' },
    strict(
      {
        label: template({ description: 'The text of the button.', examples: ['Open the build'] }),
        url: template({ description: 'The link.', examples: ['{{ data.url }}'] }),
      },
      { description: 'A button that opens a link.' },
    ),
    strict(
      {
        label: Type.Optional(template({ description: 'The text of the button.', examples: ['I take it'] })),
        do: Type.Unsafe<string>({
          type: 'string',
          belfry: 'button-change',
          description: 'Change of the alert: `ack`, `resolve` or `silence 1h`.',
          examples: ['ack', 'silence 1h'],
        }),
      },
      { description: 'A button on the alert, with a text of its own.' },
    ),
  ],
});

/** `message:` of a rule, of a notify target and of `defaults`. Every text is a Liquid template. */
export const messageSchema = strict(
  {
    title: Type.Optional(
      template({ description: 'One line that says what happened.', examples: ['Deploy failed: {{ data.repo }}'] }),
    ),
    body: Type.Optional(
      template({
        description: 'The text of the message, in `format`.',
        examples: ['{{ data.message }}, {{ count }} so far'],
      }),
    ),
    format: Type.Optional(
      Type.Unsafe<(typeof FORMATS)[number]>({
        type: 'string',
        enum: [...FORMATS],
        description: 'Format of `title` and `body`. A channel that cannot show the format gets plain text.',
        examples: ['markdown'],
      }),
    ),
    priority: Type.Optional(
      wordOrTemplate(PRIORITIES, {
        description: 'Priority of the message; `normal` if not set.',
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
      template({ description: 'URL that a click on the message opens.', examples: ['{{ data.html_url }}'] }),
    ),
    image: Type.Optional(template({ description: 'URL of a picture to show.', examples: ['{{ data.snapshot }}'] })),
    actions: Type.Optional(
      Type.Array(action, {
        description:
          'Buttons, for channels that can show them, else links: `ack`, `resolve` and `silence 1h` change the alert, others open a link.',
        examples: [['ack', 'silence 1h', { label: 'Open the build', url: '{{ data.url }}' }]],
      }),
    ),
    fields: Type.Optional(
      Type.Record(Type.String(), template({ description: 'The value of one field.', examples: ['{{ data.sha }}'] }), {
        description: 'Names and values, shown as a small table.',
        examples: [{ Commit: '{{ data.sha }}', By: '{{ data.user }}' }],
      }),
    ),
    mention: Type.Optional(
      oneOrMany(template({ description: 'One person, in the form that the channel expects.', examples: ['@alice'] }), {
        description: 'People to mention, in the form that the channel expects.',
        examples: [['13800000000'], 'all'],
      }),
    ),
    attach: Type.Optional(
      oneOrMany(pathTemplate({ description: 'Path or URL of one file.', examples: ['{{ subject }}'] }), {
        description: 'Paths or URLs of files to attach, for channels that can.',
        examples: ['{{ subject }}'],
      }),
    ),
    replace_key: Type.Optional(
      template({
        description: 'A message replaces the earlier message with the same key, if the channel can do that.',
        examples: ['build-{{ data.id }}'],
      }),
    ),
    ttl: Type.Optional(
      durationText({ description: 'Time after which the message is not sent any more.', examples: ['1h'] }),
    ),
    to: Type.Optional(
      oneOrMany(template({ description: 'One recipient.', examples: ['oncall@example.com'] }), {
        description: 'Recipients, in the form that the channel expects, in place of those in its settings.',
        examples: [['oncall@example.com']],
      }),
    ),
  },
  { description: 'The message. Without it a readable message is made from the event.' },
);
