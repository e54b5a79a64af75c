import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { ChannelTestView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { channelNote } from '../../render/channels.ts';
import { type CommonOptions, harmless, jsonLine, line, painter, type Terminal } from '../../render/terminal.ts';

export const declareTest: Verb = (channel, { terminal, access, run }) => {
  daemonOptions(channel.command('test'))
    .description('send a real test message and print the receipt, or the error with its class')
    .addArgument(new TypedArgument('<channel>', NAME))
    .action((name: string, options: CommonOptions) =>
      run(async () => testChannel(terminal, await access.client(options), name, options)),
    );
};

/** Sends a real message through the channel as it is configured now. */
export async function testChannel(
  terminal: Terminal,
  client: Client,
  name: string,
  options: CommonOptions,
): Promise<number> {
  const sending = `waiting for ${name}: the message is in flight or waits for its turn; \`delivery.timeout\` of the channel limits it`;
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
