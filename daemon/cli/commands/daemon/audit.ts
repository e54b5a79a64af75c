import { EXIT } from '../../../core/problems/failure.ts';
import { AUDIT_FILTERS } from '../../../core/audit/filters.ts';
import type { Audit } from '../../../store/store.ts';
import { counted } from '../../../lib/counted.ts';
import type { Verb } from '../../context.ts';
import { type AuditOptions, showLog } from './audit-log.ts';
import { daemonOptions, filterOptions } from '../../options.ts';
import {
  CommandError,
  type CommonOptions,
  jsonLine,
  line,
  painter,
  table,
  type Terminal,
} from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  const command = daemonOptions(program.command('audit'))
    .description('check that no stored event or delivery was lost; exit 1 if one was; with --log, who did what')
    .option('--log', 'show the audit log, and check that no line of it was changed or removed')
    .option('--all', 'with --log: all pages');
  filterOptions(command, AUDIT_FILTERS).action((options: AuditOptions) =>
    run(async () => {
      if (options.log !== true) refuseLogOptions(options);
      return options.log === true
        ? showLog(terminal, await access.auditLog(options), options)
        : showAudit(terminal, await access.audit(options), options);
    }),
  );
};

function refuseLogOptions(options: AuditOptions): void {
  const given = Object.keys(options).find((name) => name === 'all' || Object.hasOwn(AUDIT_FILTERS, name));
  if (given !== undefined) throw new CommandError(EXIT.usage, `--${given} is for the audit log: add --log`);
}

function showAudit(terminal: Terminal, audit: Audit, options: CommonOptions): number {
  if (options.json) jsonLine(terminal, audit);
  else {
    const paint = painter(terminal);
    const rows = (what: string, counts: Readonly<Record<string, number>>): string[][] =>
      Object.entries(counts).map(([name, count]) => [what, name, String(count)]);
    line(terminal, table([...rows('events', audit.events), ...rows('deliveries', audit.deliveries)]));
    for (const violation of audit.violations) line(terminal, paint('red', `violation: ${violation}`));
    const { length } = audit.violations;
    line(terminal, length === 0 ? paint('green', 'no violations') : counted(length, 'violation'));
  }
  return audit.violations.length > 0 ? EXIT.failed : EXIT.ok;
}
