import type { TemplateVariables } from '../ruleset.ts';

/** Text as it stands, or the path of a value. */
type Part = string | readonly string[];

const PLAIN_OUTPUT = /\{\{\s*([a-z_]\w*(?:\.[a-z_]\w*)*)\s*\}\}/gi;
/** What Liquid means something by: literals, operators, and what every list and text has. */
const MEANINGFUL = /(?:^|\.)(?:true|false|nil|null|empty|blank|and|or|not|contains|size|first|last)(?:\.|$)/;

/**
 * A template that is only text and paths such as `{{ data.host }}`, as its parts: nearly all are, and putting them together takes
 * a hundredth of the engine's time. Undefined for any other.
 */
export function parseSimple(source: string): readonly Part[] | undefined {
  const parts = source
    .split(PLAIN_OUTPUT)
    .map((part, index): Part => (index % 2 === 0 ? part : part.split('.')))
    .filter((part) => part !== '');
  const isPlain = parts.every((part) =>
    typeof part === 'string' ? !/\{(?:[{%]|$)/.test(part) : !MEANINGFUL.test(part.join('.')),
  );
  return isPlain ? parts : undefined;
}

/** The paths of a plain template, each with its place in it. */
export function simplePaths(source: string): readonly { readonly path: readonly string[]; readonly offset: number }[] {
  return [...source.matchAll(PLAIN_OUTPUT)].map((match) => ({
    path: match[1]!.split('.'),
    offset: match.index + match[0].indexOf(match[1]!),
  }));
}

/** Undefined when a value is missing, or is a list or a map: what that means is for the engine to say. */
export function renderSimple(
  parts: readonly Part[],
  scope: TemplateVariables,
  escape: (text: string) => string,
): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = valueAt(part, scope);
    if (value === undefined || (typeof value === 'object' && value !== null)) return undefined;
    text += escape(value === null ? '' : String(value as string | number | boolean));
  }
  return text;
}

/** What an event or a message may lack without a mistake of whoever wrote the template; shown as nothing. */
export const OPTIONAL: Readonly<Record<string, null>> = { subject: null, resolved_after: null };

/** Names of the scope hide those of the event. */
function valueAt(path: readonly string[], scope: TemplateVariables): unknown {
  const [first] = path as [string];
  let value: unknown = scope.event;
  if (Object.hasOwn(scope, first)) value = scope;
  else if (!Object.hasOwn(scope.event, first)) value = OPTIONAL;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
