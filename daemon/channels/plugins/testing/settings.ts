import type { ChannelType } from '../../channel.ts';
import { CompileContext } from '../../../core/compile/context.ts';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { TSchema } from '../../../core/schema/type.ts';

/** A channel or source type, as far as its settings go. */
interface TypeWithSettings {
  readonly settings: TSchema;
  readonly check?: (settings: never) => readonly SettingProblem[];
}

/**
 * Decodes the settings of a type from a YAML value, with secrets in place, as the type gets them. `problems` has those of validation
 * and decoding, else those of the type's `check`, each as `/pointer: message`. `name` is the type in messages.
 */
export function readTypeSettings(
  type: TypeWithSettings,
  name: string,
  written: unknown,
): { settings: unknown; problems: string[] } {
  const pointers: string[] = [];
  const context = new CompileContext({
    file: 'test.yaml',
    data: written,
    referenced: () => false,
    locate: (pointer) => ({ line: pointers.push(pointer), column: 1 }),
  });
  const settings = context.settings(type.settings, written, '', name);
  const problems = context.problems.map(({ message }, index) => `${pointers[index]}: ${message}`);
  if (problems.length > 0) return { settings, problems };
  const found = type.check?.(settings as never) ?? [];
  return { settings, problems: found.map(({ pointer, message }) => `${pointer}: ${message}`) };
}

/** Decodes the settings of a channel from a YAML value, with secrets in place, as `open` gets them. Throws their problems. */
export function decodeSettings(type: ChannelType, written: unknown): unknown {
  const { settings, problems } = readSettings(type, written);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return settings;
}

/** Decodes settings and returns all problems of validation, decoding and the type's `check`, each as `/pointer: message`. */
export const readSettings = (type: ChannelType, written: unknown) =>
  readTypeSettings(type, `a channel of type \`${type.type}\``, written);
