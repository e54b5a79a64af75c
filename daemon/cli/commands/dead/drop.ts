import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import { counted } from '../../../lib/counted.ts';
import type { DeadLetterAccess } from '../../connection/dead-letters.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { requireConsent } from '../../render/progress.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { idsOf } from './select.ts';

interface DropOptions extends CommonOptions {
  readonly yes?: boolean;
}

export const declareDrop: Verb = (dead, { terminal, access, run }) => {
  daemonOptions(dead.command('drop'))
    .description('remove dead letters from the file for good')
    .addArgument(new TypedArgument('<id...>', NAME, 'ids of dead letters; - reads them from standard input'))
    .option('--yes', 'do not ask')
    .action((ids: string[], options: DropOptions) =>
      run(async () => drop(terminal, await access.deadLetters(options), ids, options)),
    );
};

async function drop(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  ids: readonly string[],
  options: DropOptions,
): Promise<number> {
  const wanted = await idsOf(terminal, ids);
  if (wanted.length === 0)
    throw new CommandError(EXIT.usage, 'name the ids to drop, or `-` to read them from standard input');
  await requireConsent(
    terminal,
    options.yes,
    ids.includes('-'),
    `drop ${counted(wanted.length, 'dead letter')} for good?`,
  );
  const results = new Set<DropResult>();
  for (const id of wanted) {
    const result = await dropOne(deadLetters, id);
    results.add(result);
    if (options.json) jsonLine(terminal, { id, dropped: result === 'dropped' });
    else line(terminal, `${id}  ${RESULTS[result]}`);
  }
  return results.has('busy') ? EXIT.failed : results.has('missing') ? EXIT.nothing : EXIT.ok;
}

type DropResult = keyof typeof RESULTS;
const RESULTS = { dropped: 'dropped', missing: 'no such dead letter', busy: 'a job is sending it' } as const;

/** Drops a record, unless a job is sending it: then it is left, and the others are dropped. */
async function dropOne(deadLetters: DeadLetterAccess, id: string): Promise<DropResult> {
  try {
    return (await deadLetters.drop(id)) ? 'dropped' : 'missing';
  } catch (error) {
    if (error instanceof CommandError && error.code === 'dead.in_job') return 'busy';
    throw error;
  }
}
