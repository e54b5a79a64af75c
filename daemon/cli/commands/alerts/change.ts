import type { Command } from 'commander';
import type { AlertVerb } from '../../../core/alerts/changes.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME, PERSON, REASON, TEXT } from '../../../core/values/value-kind.ts';
import type { Client } from '../../connection/client.ts';
import type { CommandContext } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { type CommonOptions, harmless, jsonLine, line, personOf, type Terminal } from '../../render/terminal.ts';

interface ChangeOptions extends CommonOptions {
  readonly rule?: string;
  readonly by?: string;
  readonly note?: string;
}

/** Declares a verb that changes the alerts of a key, and calls the route of the same name. */
export function declareChange(parent: Command, context: CommandContext, verb: AlertVerb, description: string): void {
  const { terminal, access, run } = context;
  daemonOptions(parent.command(verb))
    .description(description)
    .addArgument(new TypedArgument('<key>', TEXT))
    .addOption(new TypedOption('--rule <rule>', NAME, 'only the alert of this rule'))
    .addOption(new TypedOption('--note <text>', REASON, 'note, which the list of alerts and the history keep'))
    .addOption(new TypedOption('--by <name>', PERSON, 'name of the person (default: you)'))
    .action((key: string, options: ChangeOptions) =>
      run(async () => changeAlerts(terminal, await access.client(options), verb, key, options)),
    );
}

/** Changes the alerts of a key; exit 3 when there is none. The key is in the body, because a path cannot hold every key. */
async function changeAlerts(
  terminal: Terminal,
  client: Client,
  verb: AlertVerb,
  key: string,
  options: ChangeOptions,
): Promise<number> {
  const { json, rule, note } = options;
  const by = personOf(terminal, options);
  const answer = await client.call<Readonly<Record<string, readonly { rule: string; key: string }[]>>>(
    'POST',
    `/v1/alerts/${verb}`,
    { key, ...(rule !== undefined && { rule }), ...(note !== undefined && { note }), ...(by !== undefined && { by }) },
  );
  for (const [done, changed] of Object.entries(answer)) {
    for (const one of changed) {
      if (json) jsonLine(terminal, one);
      else line(terminal, `${one.rule}  ${harmless(one.key)}  ${done}`);
    }
  }
  return EXIT.ok;
}
