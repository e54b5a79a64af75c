import type { ChannelConfig, DaemonSettings } from '../ruleset.ts';
import { stableText } from './entry.ts';
import type { CompileTools } from './registry.ts';

/** Adds the folders of `daemon.attach_from` to a channel that can attach files; it restarts when they change. */
export function withFolders(
  channel: ChannelConfig,
  { attachFrom }: DaemonSettings,
  { channels, fingerprint }: Pick<CompileTools, 'channels' | 'fingerprint'>,
): ChannelConfig {
  const type = channels.find((one) => one.type === channel.type);
  if (attachFrom.length === 0 || type?.attachesFiles !== true) return channel;
  return { ...channel, attachFrom, fingerprint: fingerprint(stableText([channel.fingerprint, attachFrom])) };
}
