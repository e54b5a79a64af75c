import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import type { TemplateVariables, Template } from '../../../core/ruleset.ts';
import { sensitive, template } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { HTTP_URL, readUrl } from '../../../core/values/url.ts';
import { wellFormed } from '../text/text.ts';

/** What every channel over HTTP can be told. */

export const apiSetting = (standard: string) =>
  Type.Optional(
    Type.String({
      description: 'Base URL of the API: a proxy, a relay or a self-hosted instance instead of the provider itself.',
      examples: ['https://relay.internal/robots'],
      default: standard,
      pattern: '^https?://',
    }),
  );

export const headersSetting = () =>
  Type.Optional(
    Type.Record(
      Type.String(),
      sensitive(template({ description: 'The value of one header.', examples: ['{{ event.id }}'] })),
      {
        description: 'More headers for each request; the values are templates.',
        examples: [{ Authorization: 'Bearer ${env:RELAY_TOKEN}', 'X-Rule': '{{ rule }}' }],
      },
    ),
  );

type Headers = Readonly<Record<string, Template>>;

/** A problem of one setting, found by a channel's `check`. */
export interface Found {
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

const API_URL = { ...HTTP_URL, query: {}, example: 'https://host/path' };

/** A base URL must be one to which a path can be added. */
export function checkApi(api: string | undefined): Found[] {
  const read = api === undefined ? undefined : readUrl(api, API_URL);
  return read === undefined || read.ok
    ? []
    : [{ pointer: '/api', message: `\`api\` ${read.message}`, mend: read.mend }];
}

/** Headers that say how the request itself is carried; https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const FRAMING = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function checkHeaders(headers: Headers | undefined): Found[] {
  return Object.keys(headers ?? {}).flatMap((name) => {
    const pointer = `/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return [{ pointer, message: 'this is not the name of a header', mend: 'use letters, digits and `-`' }];
    }
    if (!FRAMING.has(name.toLowerCase())) return [];
    return [{ pointer, message: 'this header is set by the connection itself', mend: 'leave it out' }];
  });
}

/** Header names become lower case; a value from an event cannot end its header and begin another. */
export function renderHeaders(headers: Headers | undefined, scope: TemplateVariables): Record<string, string> {
  if (headers === undefined) return {};
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), headerValue(textOf(value, scope))]),
  );
}

function textOf(value: Template, scope: TemplateVariables): string {
  const { text, error } = value.render(scope);
  return error === undefined ? text : `[template error: ${error}]`;
}

/** One line without control characters; what is beyond ASCII goes as the bytes of its UTF-8. */
export function headerValue(text: string): string {
  if (/^[!-~]+$/.test(text)) return text;
  const line = wellFormed(text)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return Buffer.from(line, 'utf8').toString('latin1');
}

/** What the templates in a channel's settings see besides the event's own fields: those of the default JSON body. */
export const sendScope = (message: Message, delivery: Delivery): TemplateVariables =>
  scopeOf(notification(message, delivery));

export const scopeOf = (standard: Notification): TemplateVariables => standard as Notification & TemplateVariables;

export interface Notification {
  /** The delivery's. */
  readonly id: string;
  readonly time: string;
  readonly rule: string;
  readonly key: string;
  readonly status: Delivery['status'];
  readonly title: string;
  readonly body: string;
  readonly priority: Message['priority'];
  readonly tags: readonly string[];
  readonly link: string | null;
  readonly fields: Readonly<Record<string, string>>;
  readonly event: Delivery['event'];
}

/** The same in every attempt. */
export function notification(message: Message, delivery: Delivery): Notification {
  const { title, body, priority, tags, link = null, fields = {} } = message;
  const { id, rule, key, status, event } = delivery;
  const time = new Date(delivery.createdAt).toISOString();
  return { id, time, rule, key, status, title, body, priority, tags, link, fields, event };
}
