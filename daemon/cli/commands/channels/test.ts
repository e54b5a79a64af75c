import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { ChannelTestView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { namedEvent } from '../../named-event.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { channelNote } from '../../render/channels.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  type Terminal,
} from '../../render/terminal.ts';

interface TestOptions extends CommonOptions {
  readonly rule?: string;
  readonly event?: string;
}

export const declareTest: Verb = (channel, { terminal, access, run }) => {
  daemonOptions(channel.command('test'))
    .description('send a real test message and print the receipt, or the error with its class')
    .addArgument(new TypedArgument('<channel>', NAME))
    .addOption(new TypedOption('--rule <rule>', NAME, 'send the message of this rule for --event'))
    .addOption(
      new TypedOption(
        '--event <event>',
        NAME,
        'file with an event, - for standard input, or the id of a past event; needs --rule',
      ),
    )
    .action((name: string, options: TestOptions) =>
      run(async () => testChannel(terminal, await access.client(options), name, options)),
    );
};

/** Classes of failures that a provider or the way to it causes. */
const SENT: ReadonlySet<string> = new Set(['transient', 'permanent', 'unknown']);

/** Sends a real message through the channel as it is configured now. */
export async function testChannel(
  terminal: Terminal,
  client: Client,
  name: string,
  options: TestOptions,
): Promise<number> {
  const { rule, event } = options;
  if ((rule === undefined) !== (event === undefined))
    throw new CommandError(EXIT.usage, '--rule and --event belong together: give both, or none');
  const request = event === undefined ? undefined : { rule, ...(await namedEvent(terminal, event)) };
  const sending = `waiting for ${name}: the message is in flight or waits for its turn; \`delivery.timeout\` of the channel limits it`;
  const result = await client.call<ChannelTestView>('POST', `/v1/channels/${encodeURIComponent(name)}/test`, request, {
    note: () => channelNote(client, name, sending),
  });
  const paint = painter(terminal);
  if (options.json) jsonLine(terminal, result);
  else if (result.error !== undefined) {
    const { class: failureClass, code, message, misconfigured } = result.error;
    line(
      terminal,
      `${name}: ${paint('red', 'failed')} after ${result.ms} ms  ${failureClass}  ${code}: ${harmless(message)}`,
    );
    if (misconfigured)
      line(terminal, '  misconfigured: its deliveries are held until its settings change or a test succeeds');
    if (SENT.has(failureClass)) line(terminal, `  what to do: look up ${code} in docs/reference-refusals.md`);
  } else {
    const proof = [result.receipt?.id, result.receipt?.status, result.receipt?.answer]
      .filter((part) => part !== undefined)
      .join('  ');
    line(
      terminal,
      `${name}: ${paint('green', 'delivered')} in ${result.ms} ms${proof === '' ? '' : `  ${harmless(proof)}`}`,
    );
  }
  for (const { title } of result.messages ?? []) line(terminal, `  ${harmless(title)}`);
  for (const error of result.errors ?? []) line(terminal, `  ${paint('red', 'template')}  ${harmless(error)}`);
  return result.ok ? EXIT.ok : EXIT.failed;
}
