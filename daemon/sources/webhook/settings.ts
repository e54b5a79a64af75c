import type { Template } from '../../core/ruleset.ts';
import { oneOrMany, rate, size, strict, template } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { allowSetting, checkAllow } from '../kit/networks.ts';
import type { SettingProblem } from '../source.ts';
import { checkEach } from './each.ts';
import { DEFAULT_TYPE } from './event.ts';
import { checkVerify, verifySetting } from './verify/index.ts';

const METHODS = ['POST', 'PUT', 'PATCH', 'GET'] as const;

export const webhookSettings = strict({
  path: Type.String({
    description: 'The path of the URL; below `/hooks/`.',
    examples: ['/hooks/deploys'],
    pattern: String.raw`^/hooks(?:/[\w.~-]+)+$`,
    maxLength: 200,
  }),
  methods: Type.Optional(
    oneOrMany(
      Type.Unsafe<(typeof METHODS)[number]>({
        type: 'string',
        enum: [...METHODS],
        description: 'A request method.',
        examples: ['POST'],
      }),
      { description: 'The accepted methods.', examples: [['POST', 'PUT']], default: ['POST'] },
    ),
  ),
  verify: verifySetting(),
  allow: allowSetting(),
  rate: Type.Optional(
    rate({
      description: 'Maximum number of requests in a time; further ones are answered 429 with `Retry-After`.',
      examples: ['60/1m'],
    }),
  ),
  max_body: Type.Optional(
    size({ description: 'The longest accepted body; by default `daemon.limits.body`.', examples: ['256KiB'] }),
  ),
  event: Type.Optional(
    strict(
      {
        each: Type.Optional(
          Type.String({
            description:
              'A list in the body: each of its elements becomes an event, with the element as `data` and the rest of the body as `parent`.',
            examples: ['body.alerts'],
            minLength: 1,
          }),
        ),
        type: Type.Optional(
          template({
            description: 'The type of the event; by default `webhook.received`.',
            examples: ["github.{{ headers['x-github-event'] }}"],
          }),
        ),
        id: Type.Optional(
          template({
            description:
              'The id of the event: a second event with the same id is a duplicate. By default the delivery id of the provider, if it sends one.',
            examples: ['{{ body.build.id }}'],
          }),
        ),
        subject: Type.Optional(
          template({ description: 'The subject of the event.', examples: ['{{ body.repository.full_name }}'] }),
        ),
      },
      {
        description:
          'Attributes of the event: templates over `headers`, `query` and `body`, and with `each` also `data` and `parent`.',
      },
    ),
  ),
  respond: Type.Optional(
    strict(
      {
        status: Type.Optional(
          Type.Integer({ description: 'The status.', examples: [200], minimum: 200, maximum: 299, default: 202 }),
        ),
        body: Type.Optional(
          template({
            description:
              'The body: a template over `headers`, `query`, `body`, `id` and `events`. By default `{id, duplicate}`, with `each` `{events}`.',
            examples: ['ok'],
          }),
        ),
      },
      { description: 'The answer after the event is stored.' },
    ),
  ),
});

export type WebhookSettings = Static<typeof webhookSettings>;

/** Problems that the schema cannot express. */
export function checkSettings(settings: WebhookSettings): readonly SettingProblem[] {
  return [...checkAllow(settings.allow), ...checkVerify(settings.verify), ...checkEach(settings.event?.each)];
}

/** The type of all events, unless it is a template. */
export function fixedType(template: Template | undefined): { readonly type?: string } {
  const type = template?.source.trim() ?? DEFAULT_TYPE;
  return /\{[{%]/.test(type) || type === '' ? {} : { type };
}
