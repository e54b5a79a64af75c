import { condition, duration, oneOrMany, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';
import { messageSchema } from './message.ts';
import { notifySchema } from './notify.ts';

const names = (noun: string, examples: readonly unknown[]) =>
  oneOrMany(Type.String({ minLength: 1, description: `The name of ${noun}.`, examples: ['office'] }), {
    description: `Names of \`hours\`.`,
    examples,
  });

export const resolveSchema = strict(
  {
    match: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        belfry: 'match',
        description: 'Dotted path -> pattern of the event that ends it.',
        examples: [{ 'data.state': 'up' }],
      }),
    ),
    if: Type.Optional(
      condition({ description: 'What must hold of the event that ends it (CEL).', examples: ['data.percent < 80.0'] }),
    ),
    after: Type.Optional(
      duration({ description: 'It ends by itself when nothing has matched for so long.', examples: ['1h'] }),
    ),
  },
  {
    description:
      'What ends it; an event with the same `key`. Makes the rule an alert, which fires until it is resolved.',
  },
);

const inhibitionSchema = strict(
  {
    rule: Type.String({
      description: 'The name of a rule with `resolve`, `repeat` or `escalate`.',
      examples: ['host-down'],
      minLength: 1,
    }),
    equal: Type.Optional(
      oneOrMany(Type.String({ minLength: 1, description: 'A dotted path.', examples: ['data.host'] }), {
        description: 'Paths whose values must be the same in both events; what is missing equals nothing.',
        examples: [['data.host']],
      }),
    ),
  },
  { description: 'Quiet while that rule fires with equal values.' },
);

const holdMap = strict(
  {
    time: duration({ description: 'How long it has to hold.', examples: ['10m'] }),
    max_gap: Type.Optional(
      duration({
        description: 'It has ended when no matching event has come for so long; shorter than `time`.',
        examples: ['2m'],
      }),
    ),
  },
  { description: 'How long it has to hold, and how often that has to be seen.' },
);

const holdSchema = Type.Unsafe<number | Static<typeof holdMap>>({
  anyOf: [duration({ description: 'How long it has to hold.', examples: ['5m'] }), holdMap],
  description:
    'Fire only when this long after the first match no event has resolved it; with `max_gap` only if matching events kept coming meanwhile.',
  examples: ['5m', { time: '10m', max_gap: '2m' }],
});

const escalationSchema = strict(
  {
    after: duration({ description: 'So long after it began to fire.', examples: ['15m'] }),
    notify: notifySchema('The channels that are told then.'),
    message: Type.Optional(messageSchema),
  },
  { description: 'Whom else to tell, and when, while it fires and nobody has acknowledged it.' },
);

/** The settings of a rule that decide when somebody is told; each is a step of the flow. */
export const flowFields = {
  for: Type.Optional(holdSchema),
  resolve: Type.Optional(resolveSchema),
  notify_resolved: Type.Optional(
    Type.Boolean({
      description: 'True: tell those who were told that it fires when it is over, too.',
      examples: [true],
      default: false,
    }),
  ),
  threshold: Type.Optional(
    strict(
      {
        count: Type.Integer({ description: 'Fire at so many events ...', examples: [3], minimum: 1, maximum: 100_000 }),
        within: duration({ description: '... within this time, by `key`.', examples: ['10m'] }),
      },
      { description: 'Fire at the Nth event within a time, and count anew from there.' },
    ),
  ),
  inhibited_by: Type.Optional(
    oneOrMany(inhibitionSchema, {
      description: 'Rules that keep this one quiet while they fire.',
      examples: [{ rule: 'host-down', equal: ['data.host'] }],
    }),
  ),
  during: Type.Optional(names('an entry of `hours`', ['office', ['office', 'saturday']])),
  not_during: Type.Optional(names('an entry of `hours`', ['maintenance'])),
  outside: Type.Optional(
    Type.Unsafe<'drop' | 'hold'>({
      type: 'string',
      enum: ['drop', 'hold'],
      description: 'What becomes of what comes outside the hours: nothing, or it waits until they begin.',
      examples: ['hold'],
      default: 'drop',
    }),
  ),
  digest: Type.Optional(
    strict(
      {
        wait: Type.Optional(
          duration({
            description: 'The first event of a key waits this long for others; if not set, as long as `every`.',
            examples: ['1m'],
          }),
        ),
        every: Type.Optional(
          duration({
            description:
              'While events of a key keep coming, so long after its last message; if not set, `wait` after the first of them.',
            examples: ['1h'],
          }),
        ),
        max: Type.Optional(
          Type.Integer({
            description: 'So many events make it go out at once.',
            examples: [50],
            minimum: 1,
            maximum: 1000,
          }),
        ),
      },
      { description: 'Collect by `key`, and send one message with all `events`.' },
    ),
  ),
  repeat: Type.Optional(
    duration({
      description: 'Tell it again every so long while it fires and nobody has acknowledged it.',
      examples: ['4h'],
    }),
  ),
  escalate: Type.Optional(
    Type.Array(escalationSchema, {
      description: 'Whom else to tell, and when, while it fires and nobody has acknowledged it.',
      examples: [[{ after: '15m', notify: 'boss' }]],
      minItems: 1,
      maxItems: 20,
    }),
  ),
} as const;

export type EscalationSettings = Static<typeof escalationSchema>;
