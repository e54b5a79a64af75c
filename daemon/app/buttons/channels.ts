import { typeOfChannel } from '../../channels/index.ts';
import type { Ruleset } from '../../core/ruleset.ts';

/** Returns whether a channel of the live rules gets presses of its own buttons. */
export function hasButtons(live: () => Ruleset): (channel: string) => boolean {
  return (name) => {
    const config = live().channels.get(name);
    return config !== undefined && typeOfChannel(config).buttons?.connection(config.settings) !== undefined;
  };
}
