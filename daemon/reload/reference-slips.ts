import { mendByName } from '../core/problems/suggest.ts';

interface Words {
  readonly message: string;
  readonly mend: string;
}

/** Names that a template may begin with: of the event, of a message, of a webhook's request. */
const TEMPLATE_NAME =
  /^(?:event|id|source|type|subject|time|data|rule|key|status|count|events|suppressed|resolved_after|title|body|headers|query)(?![\w:-])/;
/** Settings that are templates, by their pointers. */
const TEMPLATE =
  /^\/(?:rules\/\d+\/(?:key|message|notify|escalate)|defaults\/message|channels\/[^/]+\/(?:body|headers)|sources\/[^/]+\/(?:event|key))(?:\/|$)/;
const EXPRESSION = /\/if$/;
/** `env.NAME`, or a name as variables of the environment have it. */
const VARIABLE = /^(?:env\s*\.\s*(\w+)|([A-Z_][A-Z0-9_]*))$/;

/** The text that was probably meant by `${body}`, which is no reference, in the setting at this pointer. */
export function noReference(body: string, pointer: string, kinds: readonly string[]): Words {
  const message = 'this `${` does not begin a reference';
  const meant = meantBy(body.replace(/^\{/, '').trim(), pointer);
  const kind = body.split(':', 1)[0]!;
  const mend = meant === undefined ? mendByName(kind, kinds, '', 'references are') : `write \`${meant}\``;
  return { message, mend: `${mend}${mend.endsWith('?') ? ' F' : '; f'}or a plain \`\${\` write \`$\${\`` };
}

function meantBy(inside: string, pointer: string): string | undefined {
  const variable = VARIABLE.exec(inside);
  if (variable !== null) return `\${env:${variable[1] ?? variable[2]}}`;
  if (!TEMPLATE_NAME.test(inside)) return undefined;
  if (EXPRESSION.test(pointer)) return inside;
  return TEMPLATE.test(pointer) ? `{{ ${inside} }}` : undefined;
}
