import { EXIT } from '../../../core/problems/failure.ts';
import type { DeadLineProblem } from '../../../http/daemon-api.ts';
import type { DeadLetterAccess } from '../../connection/dead-letters.ts';
import type { Verb } from '../../context.ts';
import { deadLetterProblems } from '../../render/dead-letter-problems.ts';
import { styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';
import { type DeadFilter, filterOf, selectOptions } from './select.ts';

type ListOptions = CommonOptions & DeadFilter;

export const declareList: Verb = (dead, { terminal, clock, access, run }) => {
  selectOptions(dead.command('list'))
    .description('list every dead letter, one a line')
    .action((options: ListOptions) =>
      run(async () => list(terminal, await access.deadLetters(options), clock.now(), options)),
    );
};

async function list(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  now: number,
  options: ListOptions,
): Promise<number> {
  const rows: string[][] = [];
  const problems: DeadLineProblem[] = [];
  const keep = filterOf(options, now);
  const { time } = styleOf(terminal, options);
  for await (const item of deadLetters.list()) {
    if ('problem' in item) problems.push(item);
    else if (!keep(item)) continue;
    else if (options.json) jsonLine(terminal, item);
    else
      rows.push([
        item.id,
        time(item.dead_at),
        item.channel,
        item.rule,
        item.class,
        item.error.code,
        harmless(item.message.title).slice(0, 60),
      ]);
  }
  for (const text of deadLetterProblems(problems)) terminal.stderr.write(`belfry: ${text}\n`);
  if (options.json) return EXIT.ok;
  line(
    terminal,
    rows.length === 0
      ? 'no dead letters'
      : table([['ID', 'DEAD AT', 'CHANNEL', 'RULE', 'CLASS', 'CODE', 'TITLE'], ...rows]),
  );
  return EXIT.ok;
}
