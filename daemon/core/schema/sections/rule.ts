import { condition, oneOrMany, strict, template } from '../fields.ts';
import { Type } from '../type.ts';
import { stepFields } from '../../flow/steps/index.ts';
import { messageSchema } from './message.ts';
import { notifySchema } from './notify.ts';

/** Printable characters except those that reverse the direction of writing, since names are shown in logs and on terminals. */
const RULE_NAME = String.raw`^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+$`;

const combined = (description: string) =>
  Type.Unsafe<readonly unknown[]>({
    type: 'array',
    minItems: 1,
    items: { type: 'object', belfry: 'match' },
    description,
    examples: [[{ 'data.branch': 'main' }, { 'data.branch': { prefix: 'release/' } }]],
  });

/** One entry of `rules:`. */
export const ruleSchema = strict(
  {
    name: Type.String({
      description: 'Unique over all files; the identity of the rule when it is edited.',
      examples: ['failed-deploy'],
      minLength: 1,
      maxLength: 200,
      pattern: RULE_NAME,
    }),
    on: Type.Optional(
      oneOrMany(Type.String({ minLength: 1, description: 'The name of a source.', examples: ['deploys'] }), {
        description: 'Sources of the events, also `api` and `belfry`. If not set, all sources.',
        examples: ['deploys', ['api', 'belfry']],
      }),
    ),
    catch_all: Type.Optional(
      Type.Boolean({
        description: 'True: the rule gets the events that no other rule matched.',
        examples: [true],
        default: false,
      }),
    ),
    match: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        belfry: 'match',
        description:
          'Dotted path -> pattern; all must hold. A pattern is a scalar (equals), a list (any of), or a map of operators.',
        examples: [{ type: 'deploy.finished', 'data.conclusion': ['failure', 'timed_out'], 'data.ms': { gt: 500 } }],
      }),
    ),
    any: Type.Optional(combined('Match maps of which at least one must hold, besides `match`.')),
    all: Type.Optional(combined('Match maps that must all hold, besides `match`.')),
    none: Type.Optional(combined('Match maps of which none may hold, besides `match`.')),
    if: Type.Optional(
      condition({
        description: 'A CEL expression over `event` and its fields; a missing field does not match.',
        examples: ['data.workflow_run.head_branch == "main" && data.attempts > 2.0'],
      }),
    ),
    on_error: Type.Optional(
      Type.Unsafe<'skip' | 'notify'>({
        type: 'string',
        enum: ['skip', 'notify'],
        description: 'Effect of an error in `if`. `skip`: the error is counted and shown. `notify`: the rule fires.',
        examples: ['notify'],
        default: 'skip',
      }),
    ),
    key: Type.Optional(
      template({
        description:
          'Groups the events: `for`, `threshold`, `dedupe`, `throttle` and `digest` work for each key, and each key has its own alert.',
        examples: ['{{ data.repository.full_name }}'],
        default: '{{ source }}|{{ type }}|{{ subject }}',
      }),
    ),
    ...stepFields,
    message: Type.Optional(messageSchema),
    notify: notifySchema('The channels that get the message.'),
    enabled: Type.Optional(
      Type.Boolean({
        description: 'False: the rule does nothing; its outcome is `disabled`.',
        examples: [false],
        default: true,
      }),
    ),
  },
  { description: 'Selects events and says who is notified.' },
);
