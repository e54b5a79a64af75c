import { truncateText, MAX_FIELD_LENGTH } from './truncate.ts';
import { defaultBody, defaultTitle, oneLine } from './default-message.ts';
import type { Event } from '../event/event.ts';
import { withoutBroadcast } from './broadcast.ts';
import { buttonLabel } from './alert-button.ts';
import {
  type Action,
  type AlertButton,
  type Format,
  PRIORITIES,
  type Priority,
  type StoredMessage,
} from './message.ts';
import type { MessageTemplates, TemplateVariables, Template } from '../ruleset.ts';

export interface RenderedMessage {
  readonly message: StoredMessage;
  /** Errors of the templates that failed; their fields contain them, too. */
  readonly errors: readonly string[];
}

type Escape = (text: string, format: Format) => string;

const RAW_EVENT_SHOWN = 2000;
/** Templates that use these variables; the same words in plain text do not count. */
const USES_SUPPRESSED = /\{[{%](?:(?![%}]\}).)*\bsuppressed\b/s;
const USES_STATUS = /\{[{%](?:(?![%}]\}).)*\b(?:status|resolved_after)\b/s;
const LINKS: readonly string[] = ['http:', 'https:', 'mailto:', 'tel:'];

/**
 * Renders the templates of a message and never fails: a template with an error leaves `[template error: ...]` and the raw event in
 * its field, and an invalid value (an unknown priority, a link that is not a URL) is reported and left out.
 */
export function renderMessage(
  templates: MessageTemplates,
  variables: TemplateVariables,
  escape: Escape,
): RenderedMessage {
  const format = templates.format ?? 'text';
  const errors: string[] = [];
  const rendering = new Rendering(variables, format, (text) => escape(text, format), errors);
  const plain: StoredMessage = {
    title: withStatus(
      templates,
      rendering.shownLine('title', templates.title) ?? defaultTitle(variables, format, escape),
      variables,
    ),
    body: withSuppressed(
      templates,
      rendering.shown('body', templates.body) ?? defaultBody(variables, format, escape),
      variables,
    ),
    format,
    priority: rendering.priority(templates.priority),
    tags: rendering.list('tags', templates.tags) ?? [],
  };
  const message = EXTRAS.some((name) => templates[name] !== undefined)
    ? { ...plain, ...extras(templates, rendering) }
    : plain;
  return { message, errors };
}

/** Fields that most messages do not have. */
const EXTRAS = ['link', 'image', 'actions', 'fields', 'mention', 'attach', 'replace_key', 'ttl', 'to'] as const;

function extras(templates: MessageTemplates, rendering: Rendering): Partial<StoredMessage> {
  const link = rendering.address('link', templates.link);
  const image = rendering.address('image', templates.image);
  const replaceKey = rendering.line('replace_key', templates.replace_key);
  return {
    ...present('link', link),
    ...present('image', image),
    ...present('actions', rendering.actions(templates.actions)),
    ...present('fields', rendering.fields(templates.fields)),
    ...present('mention', someOf(rendering.mentions(templates.mention))),
    ...present('attach', rendering.list('attach', templates.attach)),
    ...(replaceKey !== undefined && replaceKey !== '' && { replace_key: replaceKey }),
    ...present('ttl', templates.ttl),
    ...present('to', someOf(rendering.recipients(templates.to))),
  };
}

class Rendering {
  readonly #variables: TemplateVariables;
  readonly #format: Format;
  readonly #escape: (text: string) => string;
  readonly #errors: string[];

  constructor(variables: TemplateVariables, format: Format, escape: (text: string) => string, errors: string[]) {
    this.#variables = variables;
    this.#format = format;
    this.#escape = escape;
    this.#errors = errors;
  }

  /** Visible text in the message's format, truncated if too long; after an error it contains the event. */
  shown(field: string, template: Template | undefined): string | undefined {
    if (template === undefined) return undefined;
    const { text, error, isBeginning } = template.render(this.#variables, this.#escape);
    if (error === undefined) return truncateText(text, MAX_FIELD_LENGTH, this.#format);
    this.#errors.push(`${field}: ${error}`);
    const failed = `[template error: ${error}]`;
    return isBeginning === true
      ? `${truncateText(text, MAX_FIELD_LENGTH, this.#format)} … ${this.#escape(failed)}`
      : this.#escape(`${failed} ${rawEvent(this.#variables.event)}`);
  }

  shownLine(field: string, template: Template | undefined): string | undefined {
    const text = this.shown(field, template);
    return text === undefined ? undefined : oneLine(text).trim();
  }

  /** Text that is not shown, such as a key: not escaped, on one line; undefined after an error. */
  line(field: string, template: Template | undefined): string | undefined {
    const text = this.#used(field, template);
    return text === undefined ? undefined : oneLine(text).trim();
  }

  #used(field: string, template: Template | undefined): string | undefined {
    if (template === undefined) return undefined;
    const { text, error: failure } = template.render(this.#variables);
    const error =
      failure ?? (text.length > MAX_FIELD_LENGTH ? `it is longer than ${MAX_FIELD_LENGTH} characters` : undefined);
    if (error === undefined) return text;
    this.#errors.push(`${field}: ${error}`);
    return undefined;
  }

  /** Address for a link; other schemes, such as `javascript:`, are left out. */
  address(field: string, template: Template | undefined): string | undefined {
    const text = this.line(field, template);
    if (text === undefined || text === '') return undefined;
    const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
    if (protocol !== undefined && LINKS.includes(protocol)) return text;
    this.#errors.push(`${field}: it is not an http, https, mailto or tel address`);
    return undefined;
  }

  priority(template: Template | undefined): Priority {
    const text = this.line('priority', template);
    if (text === undefined || text === '') return 'normal';
    const known = PRIORITIES.find((priority) => priority === text);
    if (known === undefined)
      this.#errors.push(`priority: \`${text.slice(0, 40)}\` is none of ${PRIORITIES.join(', ')}`);
    return known ?? 'normal';
  }

  /** Entries that render to an empty text are left out. */
  list(field: string, templates: readonly Template[] | undefined): readonly string[] | undefined {
    return templates?.map((template) => this.line(field, template) ?? '').filter((text) => text !== '');
  }

  /** Recipients, one for each entry. Control characters stay, since a channel refuses an invalid recipient. */
  recipients(templates: readonly Template[] | undefined): readonly string[] | undefined {
    return templates
      ?.map((template) => withoutBroadcast('to', template, (this.#used('to', template) ?? '').trim()))
      .filter((text) => text !== '');
  }

  mentions(templates: readonly Template[] | undefined): readonly string[] | undefined {
    return templates
      ?.map((template) => withoutBroadcast('mention', template, this.line('mention', template) ?? ''))
      .filter((text) => text !== '');
  }

  /** A button on an alert that has ended would change nothing, and is left out. */
  actions(actions: MessageTemplates['actions']): StoredMessage['actions'] {
    return actions?.flatMap((action): readonly (Action | AlertButton)[] => {
      const label = this.line('actions', action.label) ?? '';
      if (action.do !== undefined)
        return this.#variables.status === 'resolved' ? [] : [{ label: label || buttonLabel(action.do), do: action.do }];
      const address = this.address('actions', action.url);
      return address === undefined ? [] : [{ label, url: address }];
    });
  }

  fields(fields: MessageTemplates['fields']): Readonly<Record<string, string>> | undefined {
    if (fields === undefined) return undefined;
    return Object.fromEntries(
      Object.entries(fields).map(([name, template]) => [name, this.shown(`fields.${name}`, template) ?? '']),
    );
  }
}

/** Undefined for an empty list, so that the recipients in the settings of the channel get the message. */
const someOf = (names: readonly string[] | undefined): readonly string[] | undefined =>
  names?.length === 0 ? undefined : names;

/** JSON of an event; an event that is nested too deeply for JSON must not lose the message. */
function rawEvent(event: Event): string {
  try {
    return truncateText(JSON.stringify(event), RAW_EVENT_SHOWN);
  } catch {
    return `event ${event.id} of ${event.source}`;
  }
}

/** Marks the title of a resolved alert, unless the templates of the rule use the status: the unmarked title would say that the alert fires. */
function withStatus(templates: MessageTemplates, title: string, variables: TemplateVariables): string {
  if (variables.status !== 'resolved') return title;
  const isShown = [templates.title, templates.body].some((template) => USES_STATUS.test(template?.source ?? ''));
  return isShown ? title : `Resolved: ${title}`;
}

/** Adds the number of suppressed events, unless the templates of the rule use it. */
function withSuppressed(templates: MessageTemplates, body: string, variables: TemplateVariables): string {
  const suppressed = Number(variables.suppressed ?? 0);
  if (suppressed === 0) return body;
  const isShown = [templates.title, templates.body].some((template) => USES_SUPPRESSED.test(template?.source ?? ''));
  if (isShown) return body;
  const line = `(${suppressed} more like this ${suppressed === 1 ? 'was' : 'were'} suppressed)`;
  return body === '' ? line : `${body}${templates.format === 'html' ? '<br><br>' : '\n\n'}${line}`;
}

function present<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V });
}
