import type { ChannelView } from '../../http/daemon-api.ts';
import type { Client } from '../connection/client.ts';
import type { Style } from './style.ts';
import { harmless, table } from './terminal.ts';

/** Limit for the state of the channels while the daemon is slow with another call. */
const CHANNELS_LIMIT_MS = 5_000;

/** Text that explains why a command waits for a channel, or for any: the rate limit of the provider, if one is in force. */
export async function channelNote(client: Client, name: string | undefined, otherwise: string): Promise<string> {
  try {
    const { channels } = await client.call<{ channels: readonly ChannelView[] }>('GET', '/v1/channels', undefined, {
      limit: CHANNELS_LIMIT_MS,
      note: () => new Promise(() => {}),
    });
    return rateLimitNote(channels, name, otherwise);
  } catch {
    return otherwise;
  }
}

/** Rate limits in force of this channel, or of all channels. */
export function rateLimitNote(channels: readonly ChannelView[], name: string | undefined, otherwise: string): string {
  const limited = channels.filter(
    (channel) => channel.resting_until !== undefined && (name === undefined || channel.name === name),
  );
  if (limited.length === 0) return otherwise;
  return `waiting for ${limited.map((channel) => `${channel.name}: ${harmless(channel.reason ?? '')}`).join('; ')}`;
}

/** Table of channels with their state. */
export function channelTable(channels: readonly ChannelView[], style: Style): string {
  const rows = channels.map(({ name, type, state, reason, pending, held, resting_until: resting, next_at: next }) => [
    name,
    type,
    String(pending),
    String(held),
    // The reason of a rate limit has the time already.
    `${stateText(state, reason, style)}${next === undefined || resting !== undefined ? '' : `; next attempt at ${style.time(next)}`}`,
  ]);
  return table([['CHANNEL', 'TYPE', 'PENDING', 'HELD', 'STATE'], ...rows]);
}

/** State in colour, with its reason. */
export function stateText(state: string, reason: string | undefined, { paint, times }: Style): string {
  return `${state === 'ok' || state === 'running' ? state : paint('red', state)}${reason === undefined ? '' : `  ${times(harmless(reason))}`}`;
}
