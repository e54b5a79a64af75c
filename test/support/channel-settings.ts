import type { ChannelType } from '../../daemon/channels/channel.ts';
import { readTypeSettings } from './type-settings.ts';

/** Decodes the settings of a channel from a YAML value, with secrets in place, as `open` gets them. Throws their problems. */
export function decodeSettings(type: ChannelType, written: unknown): unknown {
  const { settings, problems } = readSettings(type, written);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return settings;
}

/** Decodes settings and returns all problems of validation, decoding and the type's `check`, each as `/pointer: message`. */
export const readSettings = (type: ChannelType, written: unknown) =>
  readTypeSettings(type, `a channel of type \`${type.type}\``, written);
