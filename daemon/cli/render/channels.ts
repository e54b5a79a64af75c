import type { ChannelView } from '../../http/daemon-api.ts';
import type { Client } from '../connection/client.ts';
import { harmless, type Paint, table } from './terminal.ts';

/** Milliseconds for a daemon that is asked how its channels are while it is slow with something else. */
const LIMIT = 5_000;

/** The reason for which a command that sends by a channel (or by any) waits: the rest or the trouble of the channel, if it has one. */
export async function channelNote(client: Client, name: string | undefined, otherwise: string): Promise<string> {
  try {
    const { channels } = await client.call<{ channels: readonly ChannelView[] }>('GET', '/v1/channels', undefined, {
      limit: LIMIT,
      note: () => new Promise(() => {}),
    });
    return breakNote(channels, name, otherwise);
  } catch {
    return otherwise;
  }
}

/** The rest of this channel, or of all that rest. */
export function breakNote(channels: readonly ChannelView[], name: string | undefined, otherwise: string): string {
  const resting = channels.filter(
    (channel) => channel.resting_until !== undefined && (name === undefined || channel.name === name),
  );
  if (resting.length === 0) return otherwise;
  return `waiting for ${resting.map((channel) => `${channel.name}: ${harmless(channel.reason ?? '')}`).join('; ')}`;
}

/** Table of channels with their state. */
export function channelTable(channels: readonly ChannelView[], paint: Paint): string {
  const rows = channels.map(({ name, type, state, reason, pending, held }) => [
    name,
    type,
    String(pending),
    String(held),
    stateText(state, reason, paint),
  ]);
  return table([['CHANNEL', 'TYPE', 'PENDING', 'HELD', 'STATE'], ...rows]);
}

/** State in colour, with its reason. */
export function stateText(state: string, reason: string | undefined, paint: Paint): string {
  return `${state === 'ok' || state === 'running' ? state : paint('red', state)}${reason === undefined ? '' : `  ${harmless(reason)}`}`;
}
