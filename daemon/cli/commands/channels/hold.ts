import type { Command } from 'commander';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { CommandContext, Verb } from '../../context.ts';
import type { Client } from '../../connection/client.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

const ABOUT = {
  hold: 'hold a channel: its deliveries wait until it is released',
  release: 'release a held channel',
} as const;

/** The verbs `hold` and `release`, which differ only in the call that they make. */
export const verb: Verb = (program, context) => declare(program, context, 'hold');
export const releaseVerb: Verb = (program, context) => declare(program, context, 'release');

function declare(program: Command, { terminal, access, run }: CommandContext, name: 'hold' | 'release'): void {
  daemonOptions(program.command(name))
    .description(ABOUT[name])
    .addArgument(new TypedArgument('<channel>', NAME))
    .action((channel: string, options: CommonOptions) =>
      run(async () => setHold(terminal, await access.client(options), name, channel, options)),
    );
}

/** Holds or releases a channel; a restart does not change this. */
async function setHold(
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
