import { SendFailure } from '../core/failure.ts';
import type { Scope, Template } from '../core/ruleset.ts';
import { template } from '../core/schema/fields.ts';
import { Type } from '../core/schema/type.ts';
import type { Notification } from './http-settings.ts';
import { wellFormed } from './text.ts';

/** A body as YAML: text is a template, everything else stands for itself. */
export type BodyMap = { readonly [name: string]: BodyValue };
export type BodyValue = Template | number | boolean | null | readonly BodyValue[] | BodyMap;

/** How deep a body may be nested; a schema without references has to spell each level out. */
const DEPTH = 4;

const value = (depth: number): object => ({
  anyOf: [
    template({ description: 'One text of the body.', examples: ['{{ title }}'] }),
    { type: ['number', 'boolean', 'null'] },
    ...(depth === 0 ? [] : [{ type: 'array', items: value(depth - 1) }, map(depth - 1)]),
  ],
});

const map = (depth: number): object => ({ type: 'object', additionalProperties: value(depth) });

export const bodySetting = () =>
  Type.Unsafe<Template | BodyMap>({
    anyOf: [
      template({ description: 'The whole body as a template.', examples: ['{"text": "{{ title }}"}'] }),
      map(DEPTH),
    ],
    description:
      'What is sent. A map becomes JSON, each text in it a template. A string is one template; when it is JSON, values are escaped to stand inside `"..."`.',
    examples: [{ text: '{{ title }}: {{ body }}', level: '{{ priority }}' }, '{"text": "{{ title }}"}'],
  });

export interface Content {
  readonly text: string;
  readonly type: string;
}

const JSON_TYPE = 'application/json';
const isJsonType = (type: string): boolean => /^application\/(?:[\w.+-]+\+)?json\b/i.test(type);

/** `type` is the content type that the settings ask for. */
export function renderBody(
  setting: Template | BodyMap | undefined,
  standard: Notification,
  scope: Scope,
  type: string | undefined,
): Content {
  if (setting === undefined) return { text: toJson(standard), type: type ?? JSON_TYPE };
  if (!isTemplate(setting)) return { text: toJson(filled(setting, scope, standard)), type: type ?? JSON_TYPE };
  const wanted = type ?? (looksLikeJson(setting.source) ? JSON_TYPE : 'text/plain; charset=utf-8');
  const isJson = isJsonType(wanted);
  const { text, error } = setting.render(scope, isJson ? jsonEscaped : undefined);
  if (isJson && (error !== undefined || !parses(text))) {
    const why = error === undefined ? 'gave no valid JSON' : `failed: ${error}`;
    throw new SendFailure('permanent', 'webhook.body', `the template of the body ${why}`, {
      body: text.slice(0, 1000),
    });
  }
  return { text: wellFormed(error === undefined ? text : insteadOf(error, standard)), type: wanted };
}

/** What stands where a template failed, so that the message is not lost with it. */
const insteadOf = (error: string, { title, body }: Notification): string =>
  `[template error: ${error}] ${title}\n${body}`;

function filled(setting: BodyValue, scope: Scope, standard: Notification): unknown {
  if (typeof setting !== 'object' || setting === null) return setting;
  if (Array.isArray(setting)) return (setting as readonly BodyValue[]).map((item) => filled(item, scope, standard));
  if (isTemplate(setting)) {
    const { text, error } = setting.render(scope);
    return error === undefined ? text : insteadOf(error, standard);
  }
  return Object.fromEntries(
    Object.entries(setting as BodyMap).map(([name, item]) => [name, filled(item, scope, standard)]),
  );
}

const isTemplate = (setting: Template | BodyMap | readonly BodyValue[]): setting is Template =>
  'render' in setting && typeof setting.render === 'function';

/** An object or an array, not a `{{` or `{%` of the template language. */
const looksLikeJson = (source: string): boolean => /^\s*(?:\{(?![{%])|\[)/.test(source);

/** How JSON writes a surrogate that has no partner; the replacing is slow, and hardly ever needed. */
const LONE_SURROGATE = /\\ud[89a-f]/;

function toJson(content: unknown): string {
  const text = JSON.stringify(content);
  if (!LONE_SURROGATE.test(text)) return text;
  return JSON.stringify(content, (_, item: unknown) => (typeof item === 'string' ? wellFormed(item) : item));
}

const jsonEscaped = (text: string): string => JSON.stringify(wellFormed(text)).slice(1, -1);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
