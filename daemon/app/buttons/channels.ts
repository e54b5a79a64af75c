import { channelTypes } from '../../channels/index.ts';
import type { Ruleset } from '../../core/ruleset.ts';

/** Returns whether a channel of the live rules gets presses of its own buttons. */
export function hasButtons(live: () => Ruleset): (channel: string) => boolean {
  const types = new Map(channelTypes.map((type) => [type.type, type]));
  return (name) => {
    const config = live().channels.get(name);
    const type = config && types.get(config.type);
    return type?.buttons?.connection(config!.settings) !== undefined;
  };
}
