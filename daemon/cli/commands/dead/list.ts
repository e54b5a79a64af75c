import { EXIT } from '../../../core/problems/failure.ts';
import { type DeadFilter, deadLetterTest, isFiltered } from '../../../core/values/dead-filters.ts';
import { suggest } from '../../../core/problems/suggest.ts';
import type { DeadLineProblem } from '../../../http/daemon-api.ts';
import type { DeadLetterAccess } from '../../connection/dead-letters.ts';
import type { Verb } from '../../context.ts';
import { offlineOption } from '../../options.ts';
import { deadLetterProblems } from '../../render/dead-letter-problems.ts';
import { styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';
import { selectOptions } from './select.ts';

type ListOptions = CommonOptions & DeadFilter;

export const declareList: Verb = (dead, { terminal, clock, access, run }) => {
  offlineOption(selectOptions(dead.command('list')))
    .description('list every dead letter, one a line')
    .action((options: ListOptions) =>
      run(async () => list(terminal, await access.deadLetters(options), clock.now(), options)),
    );
};

/** Prints the dead letters. Exit 3 when filters are given and nothing matches them. */
async function list(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  now: number,
  options: ListOptions,
): Promise<number> {
  let hasItem = false;
  const rows: string[][] = [];
  const seen = { channel: new Set<string>(), rule: new Set<string>() };
  const problems: DeadLineProblem[] = [];
  const keep = deadLetterTest(options, now);
  const { time } = styleOf(terminal, options);
  for await (const item of deadLetters.list()) {
    if ('problem' in item) {
      problems.push(item);
      continue;
    }
    seen.channel.add(item.channel);
    seen.rule.add(item.rule);
    if (!keep(item)) continue;
    hasItem = true;
    if (options.json) jsonLine(terminal, item);
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
  for (const text of [...deadLetterProblems(problems), ...misspelt(options, seen)])
    terminal.stderr.write(`belfry: ${text}\n`);
  const exit = hasItem || !isFiltered(options) ? EXIT.ok : EXIT.nothing;
  if (options.json) return exit;
  line(
    terminal,
    rows.length === 0
      ? 'no dead letters'
      : table([['ID', 'DEAD AT', 'CHANNEL', 'RULE', 'CLASS', 'CODE', 'TITLE'], ...rows]),
  );
  return exit;
}

/** Hints at a channel or a rule that no dead letter has, although one has a similar name. */
function misspelt(
  given: ListOptions,
  seen: Readonly<Record<'channel' | 'rule', ReadonlySet<string>>>,
): readonly string[] {
  return (['channel', 'rule'] as const).flatMap((what) => {
    const name = given[what];
    const meant = name === undefined || seen[what].has(name) ? undefined : suggest(name, seen[what]);
    if (name === undefined || meant === undefined) return [];
    return [`no dead letter has the ${what} \`${harmless(name)}\`; did you mean \`${harmless(meant)}\`?`];
  });
}
