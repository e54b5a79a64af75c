import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { TemplateVariables, Template } from '../../../core/ruleset.ts';
import { secret, sensitive, template } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { joinPointer } from '../../../core/values/pointer.ts';
import { HTTP_URL, readUrl } from '../../../core/values/url.ts';
import { Secret } from '../../../lib/secrets/secret.ts';
import { wellFormed } from '../text/text.ts';

/** Settings that every channel over HTTP takes, and their checks. */

/** Default of the setting `api`: a URL, or one that follows from other settings. */
export type ApiDefault = { readonly standard: string } | 'regional';

const PROVIDER_API = 'Base URL of the API, for a proxy, a relay or a server of your own in place of the provider.';

/** Setting `api`. There is no default if the setting `url` contains the host. */
export const apiSetting = (preset?: ApiDefault) =>
  Type.Optional(
    Type.String({
      description:
        preset === undefined
          ? 'Base URL of a proxy, a relay or a server of your own, in place of the host in `url`.'
          : preset === 'regional'
            ? `${PROVIDER_API} If not set, it follows from the other settings.`
            : PROVIDER_API,
      examples: ['https://relay.internal/robots'],
      ...(typeof preset === 'object' && { default: preset.standard }),
      pattern: '^https?://',
    }),
  );

/** Setting `api` of a service without a public server. */
export const requiredApiSetting = () =>
  Type.String({
    description: 'Base URL of the server.',
    examples: ['https://push.example.com'],
    pattern: '^https?://',
  });

export const headersSetting = () =>
  Type.Optional(
    Type.Record(
      Type.String(),
      sensitive(template({ description: 'The value of one header.', examples: ['{{ event.id }}'] })),
      {
        description: 'Further headers of each request; the values are templates.',
        examples: [{ Authorization: 'Bearer ${env:RELAY_TOKEN}', 'X-Rule': '{{ rule }}' }],
      },
    ),
  );

type Headers = Readonly<Record<string, Template>>;

/** Setting for a key, password or URL of the provider, which is never logged or shown. */
export const key = (description: string, example: string) => secret({ description, examples: [example] });

/** Setting for an id of digits, which YAML reads as a number unless it stands in quotes. */
export const idOfDigits = (description: string, example: number) =>
  Type.Unsafe<string | number>({
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'string', pattern: String.raw`^[1-9]\d{0,14}$` },
    ],
    description,
    examples: [example],
  });

/** Adds a path to a base URL, which may have a path of its own. */
export const joinUrl = (base: string, path: string): string => base.replace(/\/+$/, '') + path;

/** URL for the requests of a channel with the setting `url`: with the host replaced by `api` if that is set. */
export function addressOf(url: unknown, api: string | undefined): string {
  if (!(url instanceof Secret)) return '';
  const written = url.reveal();
  return api === undefined ? written : joinUrl(api, written.replace(/^https?:\/\/[^/]*/i, ''));
}

/** Checks the setting `url` of a channel. */
export function checkAddress(url: unknown, api: string | undefined): SettingProblem[] {
  if (!(url instanceof Secret) || checkApi(api).length > 0) return [];
  const isPath = api !== undefined && url.reveal().startsWith('/');
  const read = readUrl(isPath ? addressOf(url, api) : url.reveal(), HTTP_URL);
  return read.ok ? [] : [{ pointer: '/url', message: `\`url\` ${read.message}`, mend: read.mend }];
}

/** Checks a setting with a key of the provider, or a list of keys. `before` is the text before the key in the provider's URL. */
export function checkKey(name: string, given: unknown, before: string): SettingProblem[] {
  const kind = name.replace(/s$/, '').replaceAll('_', ' ');
  const keys = (Array.isArray(given) ? given : [given]).filter((key) => key instanceof Secret);
  const fault = keys.map((key) => keyFault(key.reveal(), kind, before)).find((found) => found !== undefined);
  return fault === undefined ? [] : [{ pointer: `/${name}`, ...fault }];
}

/** Beginning of a URL or a path; a key in base64 may have slashes, too. */
const URL_START = /^(?:[\w+.-]*:)?\/|^[\w-]+(?:\.[\w-]+)+(?::\d+)?\//;

function keyFault(key: string, kind: string, before: string): Omit<SettingProblem, 'pointer'> | undefined {
  if (key.includes('/') && (before !== '' || URL_START.test(key))) {
    const mend = before === '' ? `give only the ${kind}` : `give only what follows \`${before}\` in it`;
    return { message: `this is not a ${kind} but a URL`, mend };
  }
  // A template, which is not rendered here, is reported separately.
  if (/\{[{%]/.test(key) || !/[^!-~]/.test(key)) return undefined;
  return {
    message: `this ${kind} contains a space or another character that a ${kind} cannot have`,
    mend: 'copy it again, without spaces',
  };
}

const API_URL = { ...HTTP_URL, query: {}, example: 'https://host/path' };

/** Checks that a path can be added to a base URL. */
export function checkApi(api: string | undefined): SettingProblem[] {
  const read = api === undefined ? undefined : readUrl(api, API_URL);
  return read === undefined || read.ok
    ? []
    : [{ pointer: '/api', message: `\`api\` ${read.message}`, mend: read.mend }];
}

/** Headers that the HTTP client sets. https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
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

export function checkHeaders(headers: Headers | undefined): SettingProblem[] {
  return Object.keys(headers ?? {}).flatMap((name) => {
    const pointer = joinPointer('/headers', name);
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return [{ pointer, message: 'this is not the name of a header', mend: 'use letters, digits and `-`' }];
    }
    if (!FRAMING.has(name.toLowerCase())) return [];
    return [{ pointer, message: 'this header is set by the HTTP client', mend: 'leave it out' }];
  });
}

/** Renders headers, with names in lower case; a value from an event cannot add another header. */
export function renderHeaders(headers: Headers | undefined, variables: TemplateVariables): Record<string, string> {
  if (headers === undefined) return {};
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), headerValue(textOf(value, variables))]),
  );
}

/** Text of a template in the settings; a failure is shown in place of the text. */
export function textOf(value: Template, variables: TemplateVariables): string {
  const { text, error } = value.render(variables);
  return error === undefined ? text : `[template error: ${error}]`;
}

/** Value of a header: one line without control characters; characters beyond ASCII are sent as UTF-8. */
export function headerValue(text: string): string {
  if (/^[!-~]+$/.test(text)) return text;
  const line = wellFormed(text)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return Buffer.from(line, 'utf8').toString('latin1');
}

/** Variables of the templates in a channel's settings: the fields of the default JSON body, and those of the event. */
export const sendVariables = (message: SentParts, delivery: Delivery): TemplateVariables =>
  variablesOf(notification(message, delivery));

export const variablesOf = (standard: Notification): TemplateVariables => standard as Notification & TemplateVariables;

/** Parts of a message that the variables of templates have. */
type SentParts = Omit<Message, 'actions'>;

export interface Notification {
  /** Id of the delivery. */
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

/** Default JSON body of a webhook; the same in every attempt. */
export function notification(message: SentParts, delivery: Delivery): Notification {
  const { title, body, priority, tags, link = null, fields = {} } = message;
  const { id, rule, key, status, event } = delivery;
  const time = new Date(delivery.createdAt).toISOString();
  return { id, time, rule, key, status, title, body, priority, tags, link, fields, event };
}
