import type { ChannelType } from '../../daemon/channels/channel.ts';
import { CompileContext } from '../../daemon/core/compile/context.ts';

/** Decodes the settings of a channel from a YAML value, with secrets in place, as `open` gets them. Throws their problems. */
export function decodeSettings(type: ChannelType, written: unknown): unknown {
  const { settings, problems } = readSettings(type, written);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return settings;
}

/** Decodes settings and returns all problems of validation, decoding and the type's `check`, each as `/pointer: message`. */
export function readSettings(type: ChannelType, written: unknown): { settings: unknown; problems: string[] } {
  const places: string[] = [];
  const draft = new CompileContext({
    file: 'test.yaml',
    data: written,
    referenced: () => false,
    locate: (pointer) => ({ line: places.push(pointer), column: 1 }),
  });
  const settings = draft.settings(type.settings, written, '', `a channel of type \`${type.type}\``);
  const problems = draft.problems.map(({ message }, index) => `${places[index]}: ${message}`);
  if (problems.length > 0) return { settings, problems };
  return {
    settings,
    problems: (type.check?.(settings) ?? []).map(({ pointer, message }) => `${pointer}: ${message}`),
  };
}
