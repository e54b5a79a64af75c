import type { DeadLetter } from '../../../core/delivery/delivery.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { DeadLetterAccess } from '../../connection/dead-letters.ts';
import { escapeJson } from '../../../lib/terminal.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, offlineOption, TypedArgument } from '../../options.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

export const declareShow: Verb = (dead, { terminal, access, run }) => {
  offlineOption(daemonOptions(dead.command('show')))
    .description('show one dead letter with all its fields')
    .addArgument(new TypedArgument('<id>', NAME))
    .action((id: string, options: CommonOptions) =>
      run(async () => show(terminal, await access.deadLetters(options), id, options)),
    );
};

async function show(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  id: string,
  options: CommonOptions,
): Promise<number> {
  let found: DeadLetter | undefined;
  for await (const item of deadLetters.list()) if (!('problem' in item) && item.id === id) found = item;
  if (found === undefined) throw new CommandError(EXIT.nothing, `no dead letter has the id ${id}`);
  if (options.json) jsonLine(terminal, found);
  else line(terminal, escapeJson(JSON.stringify(found, null, 2)));
  return EXIT.ok;
}
