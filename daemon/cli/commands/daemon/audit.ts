import { EXIT } from '../../../core/problems/failure.ts';
import type { Audit } from '../../../store/store.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { type CommonOptions, jsonLine, line, painter, table, type Terminal } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  daemonOptions(program.command('audit'))
    .description('check that no stored event or delivery was lost; exit 1 if one was')
    .action((options: CommonOptions) => run(async () => showAudit(terminal, await access.audit(options), options)));
};

function showAudit(terminal: Terminal, audit: Audit, options: CommonOptions): number {
  if (options.json) jsonLine(terminal, audit);
  else {
    const paint = painter(terminal);
    const rows = (what: string, counts: Readonly<Record<string, number>>): string[][] =>
      Object.entries(counts).map(([name, count]) => [what, name, String(count)]);
    line(terminal, table([...rows('events', audit.events), ...rows('deliveries', audit.deliveries)]));
    for (const violation of audit.violations) line(terminal, paint('red', `violation: ${violation}`));
    const { length } = audit.violations;
    line(terminal, length === 0 ? paint('green', 'no violations') : `${length} violation${length === 1 ? '' : 's'}`);
  }
  return audit.violations.length > 0 ? EXIT.failed : EXIT.ok;
}
