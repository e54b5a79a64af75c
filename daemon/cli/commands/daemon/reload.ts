import { EXIT } from '../../../core/problems/failure.ts';
import type { ReloadView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { type CommonOptions, jsonLine, line, painter, type Terminal } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  daemonOptions(program.command('reload'))
    .description('reload the rules and report the result')
    .action((options: CommonOptions) => run(async () => reload(terminal, await access.client(options), options)));
};

async function reload(terminal: Terminal, client: Client, options: CommonOptions): Promise<number> {
  const result = await client.call<ReloadView>('POST', '/v1/reload');
  if (options.json) jsonLine(terminal, result);
  else {
    const paint = painter(terminal);
    const changes = (['added', 'changed', 'removed'] as const).flatMap((verb) =>
      result[verb].map((what) => `  ${verb} ${what}`),
    );
    line(terminal, `generation ${result.generation}${changes.length === 0 ? ', nothing changed' : ''}`);
    for (const change of changes) line(terminal, change);
    for (const what of result.restart_needed) line(terminal, paint('yellow', `  ${what} takes effect after a restart`));
    for (const note of result.notes) line(terminal, `  ${note}`);
    for (const problem of result.problems)
      line(
        terminal,
        paint(
          problem.level === 'warning' ? 'yellow' : 'red',
          `${problem.file}:${problem.line}:${problem.column}: ${problem.level === 'warning' ? 'warning: ' : ''}${problem.message}; ${problem.mend}`,
        ),
      );
  }
  return result.ok ? EXIT.ok : EXIT.config;
}
