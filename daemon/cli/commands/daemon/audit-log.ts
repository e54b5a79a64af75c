import type { AuditChain, AuditLine } from '../../../core/audit/entry.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { counted } from '../../../lib/counted.ts';
import type { AuditFilters, AuditLogAccess } from '../../connection/audit-log.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, painter, table, type Terminal } from '../../render/terminal.ts';

export interface AuditOptions extends CommonOptions, AuditFilters {
  readonly log?: boolean;
  readonly all?: boolean;
}

const COLUMNS = ['AT', 'ACTOR', 'FROM', 'ACTION', 'TARGET', 'RESULT', 'DETAILS'];

/** Prints the audit log, the newest line first. Exit 1 when its chain is broken, 3 when filters are given and nothing matches them. */
export async function showLog(terminal: Terminal, log: AuditLogAccess, options: AuditOptions): Promise<number> {
  const style = styleOf(terminal, options);
  const rows: (readonly string[])[] = [];
  let { cursor } = options;
  let chain: AuditChain | undefined;
  let hasEntry = false;
  do {
    const filters = { ...options, ...(cursor !== undefined && { cursor }) };
    const page = await log.page(filters, chain === undefined);
    chain ??= page.chain;
    for (const entry of page.entries) {
      hasEntry = true;
      if (options.json) jsonLine(terminal, entry);
      else rows.push(rowOf(entry, style));
    }
    cursor = page.next ?? undefined;
  } while (options.all === true && cursor !== undefined);
  if (!options.json) line(terminal, rows.length === 0 ? 'no entries' : table([COLUMNS, ...rows]));
  if (cursor !== undefined) terminal.stderr.write(`more: --cursor ${cursor}\n`);
  return reportChain(terminal, chain, options) ?? (hasEntry || !isFiltered(options) ? EXIT.ok : EXIT.nothing);
}

/** Prints the state of the chain; with `--json` only a break, on standard error. */
function reportChain(terminal: Terminal, chain: AuditChain | undefined, { json }: AuditOptions): number | undefined {
  if (chain === undefined) return undefined;
  const paint = painter(terminal);
  if (chain.broken === undefined) {
    if (!json) line(terminal, paint('green', `${counted(chain.lines, 'line')}, none changed or removed`));
    return undefined;
  }
  const { file, line: number, message } = chain.broken;
  const text = `${file}:${number}: the audit log was changed: ${message}`;
  if (json) terminal.stderr.write(`belfry: ${text}\n`);
  else line(terminal, paint('red', text));
  return EXIT.failed;
}

function isFiltered({ since, until, actor, action }: AuditOptions): boolean {
  return [since, until, actor, action].some((filter) => filter !== undefined);
}

function rowOf({ at, actor, via, address, action, target, result, details }: AuditLine, style: Style): string[] {
  return [
    style.time(at),
    harmless(actor),
    address === undefined ? via : `${via} ${address}`,
    action,
    harmless(target ?? ''),
    result,
    harmless(details === undefined ? '' : JSON.stringify(details)),
  ];
}
