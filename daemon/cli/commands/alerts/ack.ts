import { EXIT } from '../../../core/problems/failure.ts';
import { NAME, TEXT } from '../../../core/values/value-kind.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { type CommonOptions, harmless, jsonLine, line, type Terminal, userOf } from '../../render/terminal.ts';

interface AckOptions extends CommonOptions {
  readonly rule?: string;
  readonly by?: string;
}

export const verb: Verb = (program, { terminal, access, run }) => {
  daemonOptions(program.command('ack'))
    .description('acknowledge the alerts of a key: no more repeats and escalations')
    .addArgument(new TypedArgument('<key>', TEXT))
    .addOption(new TypedOption('--rule <rule>', NAME, 'only the alert of this rule'))
    .addOption(new TypedOption('--by <name>', NAME, 'name of the person who acknowledges (default: you)'))
    .action((key: string, options: AckOptions) =>
      run(async () => acknowledge(terminal, await access.client(options), key, options)),
    );
};

/** Acknowledges the alerts of a key; exit 3 when none fires. */
async function acknowledge(
  terminal: Terminal,
  client: Client,
  key: string,
  { json, rule, by = userOf(terminal) }: AckOptions,
): Promise<number> {
  const { acknowledged } = await client.call<{ acknowledged: readonly { rule: string; key: string }[] }>(
    'POST',
    '/v1/alerts/ack',
    { key, ...(rule !== undefined && { rule }), ...(by !== undefined && { by }) },
  );
  for (const one of acknowledged) {
    if (json) jsonLine(terminal, one);
    else line(terminal, `${one.rule}  ${harmless(one.key)}  acknowledged`);
  }
  return EXIT.ok;
}
