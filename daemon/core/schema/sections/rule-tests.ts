import type { Json } from '../../values/json.ts';
import { duration, oneOrMany, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';

/** Answers that a test can set for a channel. */
export const ANSWERS = ['ok', 'transient', 'permanent', 'rate_limited', 'hang'] as const;
export type Answer = (typeof ANSWERS)[number];

/** An event of a test. */
export const testEventSchema = Type.Object(
  {
    source: Type.Optional(
      Type.String({ minLength: 1, description: 'The name of a source; if not set, `api`.', examples: ['deploys'] }),
    ),
    type: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'If not set, the one type that its source has.',
        examples: ['deploy.failed'],
      }),
    ),
    subject: Type.Optional(Type.String({ description: 'What it is about.', examples: ['web1'] })),
    id: Type.Optional(Type.String({ minLength: 1, description: 'The same again is a duplicate.', examples: ['e-1'] })),
    time: Type.Optional(
      Type.String({
        description: 'When it happened; if not set, the time of the test. Without an offset it has that of `at`.',
        examples: ['2026-11-23T09:00:00Z'],
      }),
    ),
    data: Type.Optional(Type.Unsafe<Json>({ description: 'Its data.', examples: [{ percent: 93 }] })),
  },
  {
    description: 'An event happens; further keys are its extensions.',
    examples: [{ source: 'deploys', data: { conclusion: 'failure' } }],
  },
);

/** Parts of a message that are one text. */
const TEXTS: readonly (readonly [field: string, description: string, example: string])[] = [
  ['rule', 'The name of the rule that it comes from.', 'failed-deploy'],
  ['key', 'The key of the rule that it is about.', 'acme/api'],
  ['status', '`firing` or `resolved`.', 'firing'],
  ['title', 'Its title.', 'Deploy failed: acme/api'],
  ['body', 'Its body.', 'fix the build by ann'],
  ['format', 'How its body is written: `text`, `markdown` or `html`.', 'text'],
  ['priority', '`min`, `low`, `normal`, `high` or `urgent`.', 'high'],
  ['link', 'Where it leads.', 'https://ci.example.com/1'],
  ['image', 'Its picture.', 'https://ci.example.com/1.png'],
  ['replace_key', 'Which earlier notification it replaces.', 'failed-deploy/acme/api'],
  ['ttl', 'How long it is of use.', '1h'],
];

/** Parts of a message that are a list of texts. */
const LISTS: readonly (readonly [field: string, description: string, example: string])[] = [
  ['tags', 'Its tags', 'deploy'],
  ['to', 'Its recipients, where the message names them', 'ops@example.com'],
  ['mention', 'Who is mentioned', 'ann'],
  ['attach', 'What is attached', '/var/log/build.log'],
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
            description: `${description}: the whole list, or what one of it is.`,
            examples: [[example], { contains: example }],
          }),
        ),
      ]),
    ),
    fields: Type.Optional(
      Type.Unsafe<Readonly<Record<string, Wanted>>>({
        type: 'object',
        additionalProperties: wanted('What this field is.', 'web1'),
        description: 'Some of its `fields`; `fields.host: web1` is short for one of them.',
        examples: [{ host: 'web1' }],
      }),
    ),
    actions: Type.Optional(
      Type.Unsafe<Json>({
        description: 'All of its `actions`.',
        examples: [[{ label: 'Open', url: 'https://example.com' }]],
      }),
    ),
  },
  {
    additionalProperties: false,
    patternProperties: { '^fields\\..': wanted('What this one of its `fields` is.', 'web1') },
    description: 'One message: what of it must agree.',
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
    'Rule -> outcome: of each event of this step, or a list with that of the first, the second, ...; where only time passed, the last that the rule did.',
  examples: [{ 'failed-deploy': 'notified', 'slow-deploy': 'no_match' }],
});

/** One step of a test. */
export const stepSchema = strict(
  {
    after: Type.Optional(duration({ description: 'So long after the step before.', examples: ['5m'] })),
    until: Type.Optional(
      Type.String({
        description: 'At this moment. Without an offset it has that of `at`.',
        examples: ['2026-11-24T09:00:00+08:00', '2026-11-24T09:00'],
      }),
    ),
    event: Type.Optional(testEventSchema),
    events: Type.Optional(
      Type.Array(testEventSchema, {
        description: 'Several events at once.',
        examples: [[{ data: { n: 1 } }]],
        minItems: 1,
      }),
    ),
    ack: Type.Optional(Type.String({ description: 'Acknowledges what fires for this key.', examples: ['disk:/'] })),
    silence: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        description: 'Makes a silence, with the settings of one in a file, or `for` in place of `until`.',
        examples: [{ match: { 'data.host': 'web1' }, for: '2h' }],
      }),
    ),
    expect: Type.Optional(
      Type.Array(expectationSchema, {
        description: 'Everything that was sent since the step before, in any order, and nothing more.',
        examples: [[{ channel: 'ops', title: 'Deploy failed' }]],
      }),
    ),
    outcomes: Type.Optional(outcomesSchema),
  },
  { description: 'Something happens, or only time passes; then it is looked at what came of it.' },
);

/** One entry of `tests:`. */
export const testSchema = strict(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 300,
      description: 'A sentence about what the rules do.',
      examples: ['a failed deploy pages ops once in ten minutes'],
    }),
    at: Type.Optional(
      Type.String({
        description: 'When it begins; if not set, 2026-01-01T00:00:00Z.',
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
          { description: 'What a channel answers, in order; after that `ok`.', examples: [['transient', 'ok']] },
        ),
        description: 'Channel -> what it answers to the attempts, in order; after that `ok`.',
        examples: [{ mail: ['transient', 'ok'] }],
      }),
    ),
    steps: Type.Array(stepSchema, {
      description: 'What happens, in order.',
      examples: [[{ event: { data: {} } }]],
      minItems: 1,
    }),
  },
  { description: 'One story about the rules.' },
);

/** A file `*.test.yaml`. */
export const testFileSchema = strict(
  { tests: Type.Array(testSchema, { description: 'The tests of this file.', examples: [[]], minItems: 1 }) },
  { description: 'Tests of the rules of the directory that the file lies in.' },
);

export type TestFileSettings = Static<typeof testFileSchema>;
export type TestSettings = TestFileSettings['tests'][number];
export type StepSettings = TestSettings['steps'][number];
export type EventSettings = Static<typeof testEventSchema>;
/** Field -> what it must be. */
export type Expectation = Readonly<Record<string, unknown>> & { readonly channel?: string };
