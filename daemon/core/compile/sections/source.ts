import { readEntry, runCheck, stableText } from '../entry.ts';
import type { CompileContext } from '../context.ts';
import { API_SOURCE, OWN_SOURCE } from '../../event/event.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { SourceConfig } from '../../ruleset.ts';
import type { CompileTools } from '../registry.ts';

/** Names of the sources that always exist. */
export const BUILT_IN_SOURCES: readonly string[] = [API_SOURCE, OWN_SOURCE];

/** Compiles one entry of `sources:`; undefined when it has a problem. */
export function compileSource(
  name: string,
  given: unknown,
  context: CompileContext,
  tools: CompileTools,
): SourceConfig | undefined {
  const before = context.count;
  const pointer = joinPointer('/sources', name);
  const known = { types: tools.sources, names: () => tools.sources.map(({ type }) => type) };
  const entry = readEntry('source', name, given, known, context);
  const settings: unknown =
    entry && context.settings(entry.type.settings, entry.settings, pointer, `a source of type \`${entry.type.type}\``);
  const digest = tools.fingerprint(stableText(context.basisOf(given, pointer)));
  context.declare('source', name, pointer, 'key', digest);
  if (BUILT_IN_SOURCES.includes(name)) {
    const message = `\`${name}\` is built in and cannot be configured`;
    context.found({ pointer, at: 'key', code: 'source.reserved', message, mend: 'give the source another name' });
  }
  if (entry === undefined) return undefined;
  const { type } = entry;
  if (settings !== undefined) runCheck(type, settings, pointer, 'source', context);
  declareRoute(settings, pointer, context);
  if (context.count !== before) return undefined;
  const instance = type.instance?.(settings);
  return { name, type: type.type, settings, fingerprint: digest, ...(instance !== undefined && { instance }) };
}

/** Declares the route of a source: two sources cannot share one path of the HTTP listener. */
function declareRoute(settings: unknown, pointer: string, context: CompileContext): void {
  if (isObject(settings) && typeof settings.path === 'string' && settings.path.startsWith('/hooks/')) {
    context.declare('path', settings.path, joinPointer(pointer, 'path'), 'value', '');
  }
}
