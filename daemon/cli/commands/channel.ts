import { EXIT } from '../../core/problems/failure.ts';
import type { ChannelTestView, ChannelView } from '../../http/daemon-api.ts';
import { channelNote } from '../render/channel-note.ts';
import type { Client } from '../connection/client.ts';
import { channelTable } from './status.ts';
import { type CommonOptions, harmless, jsonLine, line, painter, type Terminal } from '../render/terminal.ts';

export async function channelListCommand(terminal: Terminal, client: Client, options: CommonOptions): Promise<number> {
  const { channels } = await client.call<{ channels: readonly ChannelView[] }>('GET', '/v1/channels');
  if (options.json) for (const channel of channels) jsonLine(terminal, channel);
  else line(terminal, channelTable(channels, painter(terminal)));
  return EXIT.ok;
}

/** Sends a real message through the channel as it is configured now. */
export async function channelTestCommand(
  terminal: Terminal,
  client: Client,
  name: string,
  options: CommonOptions,
): Promise<number> {
  const sending = `waiting for ${name}: the message is on its way or waits for its turn; \`delivery.timeout\` of the channel ends it`;
  const result = await client.call<ChannelTestView>(
    'POST',
    `/v1/channels/${encodeURIComponent(name)}/test`,
    undefined,
    { note: () => channelNote(client, name, sending) },
  );
  const paint = painter(terminal);
  if (options.json) jsonLine(terminal, result);
  else if (result.error !== undefined) {
    line(
      terminal,
      `${name}: ${paint('red', 'failed')} after ${result.ms} ms  ${result.error.class}  ${result.error.code}: ${harmless(result.error.message)}`,
    );
  } else {
    const proof = [result.receipt?.id, result.receipt?.status, result.receipt?.answer]
      .filter((part) => part !== undefined)
      .join('  ');
    line(
      terminal,
      `${name}: ${paint('green', 'delivered')} in ${result.ms} ms${proof === '' ? '' : `  ${harmless(proof)}`}`,
    );
  }
  return result.ok ? EXIT.ok : EXIT.failed;
}

/** `hold` lets deliveries wait; `release` lets them go. Both outlive a restart. */
export async function holdCommand(
  terminal: Terminal,
  client: Client,
  verb: 'hold' | 'release',
  name: string,
  options: CommonOptions,
): Promise<number> {
  await client.call('POST', `/v1/channels/${encodeURIComponent(name)}/${verb}`);
  if (options.json) jsonLine(terminal, { channel: name, held: verb === 'hold' });
  else line(terminal, verb === 'hold' ? `${name}: held; its deliveries wait` : `${name}: released`);
  return EXIT.ok;
}
