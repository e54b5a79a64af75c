import { channelFamilies, channelTypes } from '../channels/index.ts';
import type { Registry } from '../core/compile/registry.ts';
import { sourceTypes } from '../sources/index.ts';

/** Every channel and source type. Loads the code of all of them, so verbs import this file inside their action. */
export const registry: Registry = { channels: channelTypes, sources: sourceTypes, families: channelFamilies };
