import type { Fragment } from './compile.ts';
import type { Problem } from '../problems/failure.ts';
import type { CompileTools } from './registry.ts';

/** Names whose form the type of their channel refuses; each place once, whatever the number of its channels. */
export function refusedNames(fragments: readonly Fragment[], tools: Pick<CompileTools, 'channels'>): Problem[] {
  const types = new Map(tools.channels.map((type) => [type.type, type]));
  const channels = new Map(fragments.flatMap((fragment) => fragment.channels.map(({ name, type }) => [name, type])));
  const problems = new Map<string, Problem>();
  for (const { file, names } of fragments) {
    for (const { field, text, channel, position } of names) {
      const fault = types.get(channels.get(channel) ?? '')?.names?.[field]?.(text.trim());
      if (fault === undefined) continue;
      const message = `the channel \`${channel}\` cannot take this: ${fault.message}`;
      const place = `${file}:${position.line}:${position.column}`;
      problems.set(
        place,
        problems.get(place) ?? { file, ...position, code: `rule.${field}`, message, mend: fault.mend },
      );
    }
  }
  return [...problems.values()];
}
