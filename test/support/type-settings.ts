import { CompileContext } from '../../daemon/core/compile/context.ts';
import type { SettingProblem } from '../../daemon/core/compile/registry.ts';
import type { TSchema } from '../../daemon/core/schema/type.ts';

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
