import type { Scope } from './ruleset.ts';

/** Text as it stands, or the path of a value. */
type Part = string | readonly string[];

const PLAIN_OUTPUT = /\{\{\s*([a-z_]\w*(?:\.[a-z_]\w*)*)\s*\}\}/gi;
/** What Liquid means something by: literals, operators, and what every list and text has. */
const MEANINGFUL = /(?:^|\.)(?:true|false|nil|null|empty|blank|and|or|not|contains|size|first|last)(?:\.|$)/;

/**
 * A template that is only text and paths such as `{{ data.host }}`, as its parts: nearly all are, and putting them together takes
 * a hundredth of the engine's time. Undefined for any other.
 */
export function plainParts(source: string): readonly Part[] | undefined {
  const parts = source
    .split(PLAIN_OUTPUT)
    .map((part, index): Part => (index % 2 === 0 ? part : part.split('.')))
    .filter((part) => part !== '');
  const isPlain = parts.every((part) =>
    typeof part === 'string' ? !/\{[{%]/.test(part) : !MEANINGFUL.test(part.join('.')),
  );
  return isPlain ? parts : undefined;
}

/** Undefined when a value is missing or is no scalar: what that means is for the engine to say. */
export function renderPlain(
  parts: readonly Part[],
  scope: Scope,
  escape: (text: string) => string,
): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = valueAt(part, scope);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
    text += escape(String(value));
  }
  return text;
}

/** Names of the scope hide those of the event. */
function valueAt(path: readonly string[], scope: Scope): unknown {
  let value: unknown = Object.hasOwn(scope, path[0]!) ? scope : scope.event;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
