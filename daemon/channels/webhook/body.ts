import { escapeFor } from '../../core/message/escape.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { isJson, isObject } from '../../core/values/json.ts';
import type { TemplateVariables, Template } from '../../core/ruleset.ts';
import { template } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { SettingProblem } from '../../core/compile/registry.ts';
import type { Notification } from '../kit/http/settings.ts';
import { wellFormed } from '../kit/text/text.ts';

/** A body as YAML: each text is a template, other values are sent unchanged. */
export type BodyMap = { readonly [name: string]: BodyValue };
export type BodyValue = Template | number | boolean | null | readonly BodyValue[] | BodyMap;

/** Levels of a nested body; the schema has no references, so it contains each level. */
const MAX_DEPTH = 4;

const value = (depth: number): object => ({
  anyOf: [
    template({ description: 'One text in the body.', examples: ['{{ title }}'] }),
    { type: ['number', 'boolean', 'null'] },
    ...(depth === 0 ? [] : [{ type: 'array', items: value(depth - 1) }, map(depth - 1)]),
  ],
});

const map = (depth: number): object => ({ type: 'object', additionalProperties: value(depth) });

export const bodySetting = () =>
  Type.Unsafe<Template | BodyMap>({
    anyOf: [
      template({ description: 'The whole body as a template.', examples: ['{"text": "{{ title }}"}'] }),
      map(MAX_DEPTH),
    ],
    description:
      'Body of the request. A map becomes JSON, or a form if `headers` has the content type of a form; each text in it is a template. A string is one template; values are escaped for the content type: JSON, form, XML or HTML.',
    examples: [{ text: '{{ title }}: {{ body }}', level: '{{ priority }}' }, '{"text": "{{ title }}"}'],
  });

export interface Content {
  readonly text: string;
  readonly type: string;
}

const JSON_TYPE = 'application/json';

/** A kind of body whose syntax requires that values from an event are escaped. */
interface BodyKind {
  readonly name: string;
  readonly types: RegExp;
  /** Escapes a value for such a body. */
  readonly escape: (text: string) => string;
  /** Whether a rendered template is a valid body; if not given, every text is. */
  readonly isValid?: (text: string) => boolean;
  /** Writes a map of rendered values as a body; undefined if that is impossible. */
  readonly fromMap: (content: Readonly<Record<string, unknown>>) => string | undefined;
}

const KINDS: readonly BodyKind[] = [
  {
    name: 'JSON',
    types: /^(?:application|text)\/(?:[\w.+-]+\+)?json\b/i,
    escape: jsonEscaped,
    isValid: isJson,
    fromMap: toJson,
  },
  {
    name: 'JSON lines',
    types: /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines)\b/i,
    escape: jsonEscaped,
    isValid: (text) => text.split('\n').every((line) => line.trim() === '' || isJson(line)),
    fromMap: (content) => `${toJson(content)}\n`,
  },
  {
    // https://url.spec.whatwg.org/#application/x-www-form-urlencoded
    name: 'form',
    types: /^application\/x-www-form-urlencoded\b/i,
    escape: formEscaped,
    fromMap: toForm,
  },
  {
    name: 'XML',
    types: /^(?:application|text)\/(?:[\w.+-]+\+)?xml\b/i,
    escape: (text) => escapeFor(wellFormed(text).replace(FORBIDDEN_IN_XML, ''), 'html'),
    fromMap: () => undefined,
  },
  { name: 'HTML', types: /^text\/html\b/i, escape: (text) => escapeFor(text, 'html'), fromMap: () => undefined },
];

/** Multipart bodies are not supported: a value that contains the boundary would have to be changed. */
const MULTIPART = /^multipart\//i;

/** Characters that XML cannot contain. https://www.w3.org/TR/xml/#charsets */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const kindOf = (type: string): BodyKind | undefined => KINDS.find(({ types }) => types.test(type.trim()));

/** Problems of the setting `body` with the content type of the settings. */
export function checkBody(
  body: Template | BodyMap | undefined,
  headers: Readonly<Record<string, Template>> | undefined,
): SettingProblem[] {
  const name = Object.keys(headers ?? {}).find((each) => each.toLowerCase() === 'content-type');
  const type = name === undefined ? undefined : headers![name]!.source;
  if (type === undefined) return [];
  const found = (message: string, mend: string): SettingProblem[] => [{ pointer: '/body', message, mend }];
  // If an event could choose the content type, it would also choose how its values are escaped.
  if (/\{[{%]/.test(type))
    return body === undefined
      ? []
      : found(`\`${name}\` is a template, and values in \`body\` are escaped for it`, `write \`${name}\` out`);
  if (MULTIPART.test(type.trim()))
    return found('a body of several parts cannot be written as a template', 'send JSON or a form');
  const kind = kindOf(type);
  if (kind === undefined) return [];
  if (body === undefined)
    return kind.name.startsWith('JSON')
      ? []
      : found(`the default body is JSON, and \`headers\` says ${kind.name}`, 'give `body`, or remove the header');
  if (isTemplate(body))
    return kind.name === 'form' && ENCODES_TWICE.test(body.source)
      ? found('values in a form are encoded already', 'take `url_encode` out')
      : [];
  const sample = fieldsOf(body, (text) => text.source);
  return kind.fromMap(sample) === undefined
    ? found(
        `a map cannot be written as ${kind.name}`,
        kind.name === 'form' ? 'use a flat map of texts, numbers and lists of these' : 'write `body` as one text',
      )
    : [];
}

/** A filter for encoding without `raw` after it, so that its result would be encoded again. */
const ENCODES_TWICE = /\|\s*(?:url_encode|cgi_escape|uri_escape)\b(?![^}]*\|\s*raw\b)/;

/** Renders the body. `type` is the content type in the settings. */
export function renderBody(
  setting: Template | BodyMap | undefined,
  standard: Notification,
  variables: TemplateVariables,
  type: string | undefined,
): Content {
  if (setting === undefined) return { text: toJson(standard), type: type ?? JSON_TYPE };
  if (!isTemplate(setting)) return renderMap(setting, standard, variables, type ?? JSON_TYPE);
  const wanted = type ?? (looksLikeJson(setting.source) ? JSON_TYPE : 'text/plain; charset=utf-8');
  const kind = kindOf(wanted);
  if (MULTIPART.test(wanted)) throw refusal('cannot have several parts');
  const { text, error } = setting.render(variables, kind?.escape);
  if (kind !== undefined && error !== undefined) throw refusal(`failed: ${error}`, text);
  if (kind?.isValid?.(text) === false) throw refusal(`gave no valid ${kind.name}`, text);
  return { text: wellFormed(error === undefined ? text : insteadOf(error, standard)), type: wanted };
}

function renderMap(setting: BodyMap, standard: Notification, variables: TemplateVariables, type: string): Content {
  const fields = fieldsOf(setting, (each) => {
    const { text, error } = each.render(variables);
    return error === undefined ? text : insteadOf(error, standard);
  });
  // Some receivers want JSON with a content type of their own.
  const text = (kindOf(type)?.fromMap ?? toJson)(fields);
  if (text === undefined || MULTIPART.test(type)) throw refusal(`gave a map, which cannot be written as ${type}`);
  return { text, type };
}

const refusal = (why: string, text = ''): SendFailure =>
  new SendFailure('permanent', 'webhook.body', `the template of the body ${why}`, { body: text.slice(0, 1000) });

/** Text in place of a failed template, so that the message is not lost. */
const insteadOf = (error: string, { title, body }: Notification): string =>
  `[template error: ${error}] ${title}\n${body}`;

/** Replaces each template of a map by a text. */
function fieldsOf(setting: BodyMap, textOf: (template: Template) => string): Record<string, unknown> {
  const valueOf = (item: BodyValue): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    if (Array.isArray(item)) return (item as readonly BodyValue[]).map(valueOf);
    return isTemplate(item) ? textOf(item) : fieldsOf(item as BodyMap, textOf);
  };
  return Object.fromEntries(Object.entries(setting).map(([name, item]) => [name, valueOf(item)]));
}

const isTemplate = (setting: Template | BodyMap | readonly BodyValue[]): setting is Template =>
  'render' in setting && typeof setting.render === 'function';

/** Whether a template begins with an object or an array, and not with `{{` or `{%`. */
const looksLikeJson = (source: string): boolean => /^\s*(?:\{(?![{%])|\[)/.test(source);

/** Lone surrogate in JSON; its replacement is slow and seldom needed. */
const LONE_SURROGATE = /\\ud[89a-f]/;

function toJson(content: unknown): string {
  const text = JSON.stringify(content);
  if (!LONE_SURROGATE.test(text)) return text;
  return JSON.stringify(content, (_, item: unknown) => (typeof item === 'string' ? wellFormed(item) : item));
}

function jsonEscaped(text: string): string {
  return JSON.stringify(wellFormed(text)).slice(1, -1);
}

/** Encodes one value of a form: a space becomes `+`, and separators of fields are encoded. */
function formEscaped(text: string): string {
  return new URLSearchParams({ v: wellFormed(text) }).toString().slice(2);
}

const scalarText = (item: unknown): string =>
  item === null ? '' : typeof item === 'string' ? item : JSON.stringify(item);

/** Writes a form, in which a list becomes one field for each of its values; undefined if a value is nested deeper. */
function toForm(content: Readonly<Record<string, unknown>>): string | undefined {
  const fields = Object.entries(content).flatMap(([name, item]) =>
    Array.isArray(item) ? item.map((each: unknown) => [name, each] as const) : [[name, item] as const],
  );
  if (fields.some(([, item]) => Array.isArray(item) || isObject(item))) return undefined;
  return fields.map(([name, item]) => `${formEscaped(name)}=${formEscaped(scalarText(item))}`).join('&');
}
