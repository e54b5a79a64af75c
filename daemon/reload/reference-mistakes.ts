import { mendByName } from '../core/problems/suggest.ts';

interface Advice {
  readonly message: string;
  readonly mend: string;
}

/** First names of the expressions in templates: of the event, of a message, of the request of a webhook. */
const TEMPLATE_NAME =
  /^(?:event|id|source|type|subject|time|data|rule|key|status|count|events|suppressed|resolved_after|title|body|headers|query)(?![\w:-])/;
/** Pointers of settings that are templates. */
const TEMPLATE =
  /^\/(?:rules\/\d+\/(?:key|message|notify|escalate)|defaults\/message|channels\/[^/]+\/(?:body|headers)|sources\/[^/]+\/(?:event|key))(?:\/|$)/;
const EXPRESSION = /\/if$/;
/** `env.NAME`, or a name in the form of an environment variable. */
const VARIABLE = /^(?:env\s*\.\s*(\w+)|([A-Z_][A-Z0-9_]*))$/;

/** Message and mend for `${body}` that is not a reference. Suggests a reference or a template, depending on the setting at this pointer. */
export function noReference(body: string, pointer: string, kinds: readonly string[]): Advice {
  const message = 'this `${` does not begin a reference';
  const suggested = suggestionFor(body.replace(/^\{/, '').trim(), pointer);
  const kind = body.split(':', 1)[0]!;
  const mend = suggested === undefined ? mendByName(kind, kinds, '', 'references are') : `write \`${suggested}\``;
  return { message, mend: `${mend}${mend.endsWith('?') ? ' F' : '; f'}or a plain \`\${\` write \`$\${\`` };
}

function suggestionFor(inside: string, pointer: string): string | undefined {
  const variable = VARIABLE.exec(inside);
  if (variable !== null) return `\${env:${variable[1] ?? variable[2]}}`;
  if (!TEMPLATE_NAME.test(inside)) return undefined;
  if (EXPRESSION.test(pointer)) return inside;
  return TEMPLATE.test(pointer) ? `{{ ${inside} }}` : undefined;
}
