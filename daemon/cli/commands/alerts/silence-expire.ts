import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { CommandError, type CommonOptions, harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';

export const declareExpire: Verb = (silence, { terminal, access, run }) => {
  daemonOptions(silence.command('expire'))
    .description('end silences now')
    .addArgument(new TypedArgument('<id...>', NAME))
    .action((ids: string[], options: CommonOptions) =>
      run(async () => expireSilences(terminal, await access.client(options), ids, options)),
    );
};

/** Ends each of the silences; exit 3 when one is unknown. */
async function expireSilences(
  terminal: Terminal,
  client: Client,
  ids: readonly string[],
  options: CommonOptions,
): Promise<number> {
  let exit: number = EXIT.ok;
  for (const id of ids) {
    try {
      await client.call('DELETE', `/v1/silences/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof CommandError) || (error.exit !== EXIT.nothing && error.exit !== EXIT.failed)) throw error;
      exit = Math.max(exit, error.exit);
      if (options.json) jsonLine(terminal, { id, expired: false, reason: error.message });
      else terminal.stderr.write(`belfry: ${harmless(id)}: ${error.message}\n`);
      continue;
    }
    if (options.json) jsonLine(terminal, { id, expired: true });
    else line(terminal, `${id}  expired`);
  }
  return exit;
}
