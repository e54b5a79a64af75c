import type { Json } from '../../values/json.ts';
import { duration, oneOrMany, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** Answers that a test can set for a channel. */
const ANSWERS = ['ok', 'transient', 'permanent', 'rate_limited', 'hang'] as const;
export type Answer = (typeof ANSWERS)[number];

/** An event of a test. */
export const testEventSchema = Type.Object(
  {
    source: Type.Optional(
      Type.String({ minLength: 1, description: 'The name of the source. If not set, `api`.', examples: ['deploys'] }),
    ),
    type: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'The type of the event. If not set, the only type of its source.',
        examples: ['deploy.failed'],
      }),
    ),
    subject: Type.Optional(Type.String({ description: 'The subject of the event.', examples: ['web1'] })),
    id: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'The id of the event. A second event with the same source and id is a duplicate.',
        examples: ['e-1'],
      }),
    ),
    time: Type.Optional(
      Type.String({
        description:
          'The time of the event. If not set, the time of the test. Without an offset it has the offset of `at`.',
        examples: ['2026-11-23T09:00:00Z'],
      }),
    ),
    data: Type.Optional(Type.Unsafe<Json>({ description: 'The data of the event.', examples: [{ percent: 93 }] })),
  },
  {
    description: 'One event arrives. Other keys in it are extensions.',
    examples: [{ source: 'deploys', data: { conclusion: 'failure' } }],
  },
);

/** Parts of a message that are one text. */
const TEXTS: readonly (readonly [field: string, description: string, example: string])[] = [
  ['rule', 'The rule that sent the message.', 'failed-deploy'],
  ['key', 'The key of the rule.', 'acme/api'],
  ['status', '`firing` or `resolved`.', 'firing'],
  ['title', 'The title.', 'Deploy failed: acme/api'],
  ['body', 'The body.', 'fix the build by ann'],
  ['format', 'The format of the body: `text`, `markdown` or `html`.', 'text'],
  ['priority', '`min`, `low`, `normal`, `high` or `urgent`.', 'high'],
  ['link', 'The link.', 'https://ci.example.com/1'],
  ['image', 'The URL of the picture.', 'https://ci.example.com/1.png'],
  ['replace_key', 'The key of the message that it replaces.', 'failed-deploy/acme/api'],
  ['ttl', 'The time after which it is not sent any more.', '1h'],
];

/** Parts of a message that are a list of texts. */
const LISTS: readonly (readonly [field: string, description: string, example: string])[] = [
  ['tags', 'The tags', 'deploy'],
  ['to', 'The recipients, if the message has any', 'ops@example.com'],
  ['mention', 'The mentioned people', 'ann'],
  ['attach', 'The attached files', '/var/log/build.log'],
];

/** One message that is expected. */
export const expectationSchema = Type.Object(
  {
    channel: Type.Optional(Type.String({ minLength: 1, description: 'The name of a channel.', examples: ['ops'] })),
    ...Object.fromEntries(
      TEXTS.map(([field, description, example]) => [field, Type.Optional(wanted(description, example))]),
    ),
    ...Object.fromEntries(
      LISTS.map(([field, description, example]) => [
        field,
        Type.Optional(
          Type.Unsafe<Json>({
            description: `${description}: the whole list, or one element of it.`,
            examples: [[example], { contains: example }],
          }),
        ),
      ]),
    ),
    fields: Type.Optional(
      Type.Unsafe<Readonly<Record<string, Wanted>>>({
        type: 'object',
        additionalProperties: wanted('The value of this field.', 'web1'),
        description: 'Some of the `fields`. `fields.host: web1` is the short form for one.',
        examples: [{ host: 'web1' }],
      }),
    ),
    actions: Type.Optional(
      Type.Unsafe<Json>({
        description: 'All `actions`.',
        examples: [[{ label: 'Open', url: 'https://example.com' }]],
      }),
    ),
  },
  {
    additionalProperties: false,
    patternProperties: { '^fields\\..': wanted('The value of this field of `fields`.', 'web1') },
    description: 'One message: the parts that must agree.',
  },
);

/** Expected text: the text itself, or a part or pattern of it. */
export type Wanted = string | number | boolean | { readonly contains?: string; readonly regex?: string };

function wanted(description: string, example: string) {
  return Type.Unsafe<Wanted>({
    anyOf: [
      { type: ['string', 'number', 'boolean'] },
      strict({
        contains: Type.Optional(Type.String({ description: 'A part of it.', examples: ['acme'] })),
        regex: Type.Optional(
          Type.String({ description: 'An RE2 expression that it matches.', examples: ['acme/(api|web)'] }),
        ),
      }),
    ],
    description,
    examples: [example],
  });
}

/** Editors get the list of outcomes; a wrong one is reported by the test file itself. */
const outcome = { type: 'string', belfry: 'outcome' };

const outcomesSchema = Type.Unsafe<Readonly<Record<string, string | readonly string[]>>>({
  type: 'object',
  additionalProperties: {
    anyOf: [outcome, { type: 'array', items: outcome, minItems: 1 }],
  },
  description:
    'Rule -> outcome. One outcome for all events of this step, or a list with one for each event. In a step where only time passes: the last outcome of the rule.',
  examples: [{ 'failed-deploy': 'notified', 'slow-deploy': 'no_match' }],
});

/** One step of a test. */
export const stepSchema = strict(
  {
    after: Type.Optional(duration({ description: 'Time that passes after the step before.', examples: ['5m'] })),
    until: Type.Optional(
      Type.String({
        description: 'The step happens at this time. Without an offset it has the offset of `at`.',
        examples: ['2026-11-24T09:00:00+08:00', '2026-11-24T09:00'],
      }),
    ),
    event: Type.Optional(testEventSchema),
    events: Type.Optional(
      Type.Array(testEventSchema, {
        description: 'Several events arrive at the same time.',
        examples: [[{ data: { n: 1 } }]],
        minItems: 1,
      }),
    ),
    ack: Type.Optional(
      Type.String({ description: 'Acknowledges the alerts that fire for this key.', examples: ['disk:/'] }),
    ),
    silence: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        description: 'Adds a silence, with the settings of a silence in a file, or `for` in place of `until`.',
        examples: [{ match: { 'data.host': 'web1' }, for: '2h' }],
      }),
    ),
    expect: Type.Optional(
      Type.Array(expectationSchema, {
        description: 'All messages that were sent since the step before, in any order, and no others.',
        examples: [[{ channel: 'ops', title: 'Deploy failed' }]],
      }),
    ),
    outcomes: Type.Optional(outcomesSchema),
  },
  { description: 'One step: something happens, or only time passes. Then the expectations are compared.' },
);

/** One entry of `tests:`. */
export const testSchema = strict(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 300,
      description: 'A sentence that says what the rules do.',
      examples: ['a failed deploy pages ops once in ten minutes'],
    }),
    at: Type.Optional(
      Type.String({
        description: 'The time at which the test begins. If not set, 2026-01-01T00:00:00Z.',
        examples: ['2026-11-23T09:00:00+08:00'],
      }),
    ),
    answers: Type.Optional(
      Type.Unsafe<Readonly<Record<string, readonly Answer[]>>>({
        type: 'object',
        additionalProperties: oneOrMany(
          Type.Unsafe<Answer>({
            type: 'string',
            enum: [...ANSWERS],
            description: 'One answer.',
            examples: ['transient'],
          }),
          { description: 'Answers of a channel, in order; after them `ok`.', examples: [['transient', 'ok']] },
        ),
        description: 'Channel -> its answers to the attempts, in order; after them `ok`.',
        examples: [{ mail: ['transient', 'ok'] }],
      }),
    ),
    steps: Type.Array(stepSchema, {
      description: 'The steps, in order.',
      examples: [[{ event: { data: {} } }]],
      minItems: 1,
    }),
  },
  { description: 'One test.' },
);

/** A file `*.test.yaml`. */
export const testFileSchema = strict(
  { tests: Type.Array(testSchema, { description: 'The tests of this file.', examples: [[]], minItems: 1 }) },
  { description: 'Tests of the rules in the directory of this file.' },
);

export type TestFileSettings = Static<typeof testFileSchema>;
export type TestSettings = TestFileSettings['tests'][number];
export type StepSettings = TestSettings['steps'][number];
export type EventSettings = Static<typeof testEventSchema>;
/** Field -> expected value. */
export type Expectation = Readonly<Record<string, unknown>> & { readonly channel?: string };
