import { builtIn, loadChannelFamilies } from '../channels/index.ts';
import type { Registry } from '../core/compile/registry.ts';
import { sourceTypes } from '../sources/index.ts';

/** Source types, and channel types that are loaded when rules name them. Verbs import this file inside their action. */
export const registry: Registry = { ...builtIn, sources: sourceTypes };

/** Every channel and source type, with the code of all of them loaded. */
export async function loadRegistry(): Promise<Registry & Required<Pick<Registry, 'families'>>> {
  const families = await loadChannelFamilies();
  return { channels: families.flatMap(({ types }) => types), sources: sourceTypes, families };
}
