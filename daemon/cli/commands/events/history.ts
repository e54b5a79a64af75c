import { EXIT } from '../../../core/problems/failure.ts';
import type { DELIVERY_FILTERS, EVENT_FILTERS } from '../../../core/values/history-filters.ts';
import type { Parameters, ValuesOf } from '../../../core/values/parameter.ts';
import { timeText } from '../../../core/values/value-kind.ts';
import type { Client } from '../../connection/client.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { CommandError, type CommonOptions, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

interface ListOptions extends CommonOptions {
  /** All pages. */
  readonly all?: boolean;
}

export type EventOptions = ListOptions & ValuesOf<typeof EVENT_FILTERS>;
export type DeliveryOptions = ListOptions &
  ValuesOf<typeof DELIVERY_FILTERS> & { readonly message?: boolean; readonly retry?: boolean };

/** Query text of filter values that are not text. */
const TEXT_OF = {
  since: timeText,
  until: timeText,
  state: (states: readonly string[]) => states.join(','),
  limit: String,
} as const;

/** A kind of history: its name in the API, its parameters there, and its table; without columns each row is a text. */
export interface History<T> {
  readonly name: 'events' | 'deliveries';
  readonly parameters: Parameters;
  readonly columns?: readonly string[];
  readonly row: (item: T, style: Style) => readonly string[];
}

/** Prints pages of past events or deliveries, the newest first. Exit 3 when filters are given and nothing matches them. */
export async function list<T>(
  terminal: Terminal,
  client: Client,
  { name, parameters, columns = [], row }: History<T>,
  options: EventOptions | DeliveryOptions,
): Promise<number> {
  const style = styleOf(terminal, options);
  let cursor = options.cursor;
  let hasItem = false;
  const rows: (readonly string[])[] = [];
  do {
    const page = await client.call<{ next: string | null } & Record<string, readonly T[]>>(
      'GET',
      `/v1/${name}?${queryOf(parameters, { ...options, ...(cursor !== undefined && { cursor }) })}`,
    );
    for (const item of page[name]!) {
      hasItem = true;
      if (options.json) jsonLine(terminal, item);
      else rows.push(row(item, style));
    }
    cursor = page.next ?? undefined;
  } while (options.all === true && cursor !== undefined);
  if (options.json !== true)
    line(terminal, rows.length === 0 ? `no ${name}` : table(columns.length === 0 ? rows : [columns, ...rows]));
  if (cursor !== undefined) terminal.stderr.write(`more: --cursor ${cursor}\n`);
  return hasItem || !isFiltered(options, parameters) ? EXIT.ok : EXIT.nothing;
}

/** Parameters that select no items. */
const NO_FILTERS: ReadonlySet<string> = new Set(['order', 'limit', 'cursor', 'message']);

function isFiltered(options: EventOptions | DeliveryOptions, parameters: Parameters): boolean {
  return Object.keys(options).some((name) => Object.hasOwn(parameters, name) && !NO_FILTERS.has(name));
}

function queryOf(parameters: Parameters, options: EventOptions | DeliveryOptions): string {
  return new URLSearchParams(filterTexts(parameters, options)).toString();
}

/** The given options that are among the parameters, as texts. */
export function filterTexts(parameters: Parameters, options: object): Readonly<Record<string, string>> {
  const given = Object.entries(options).flatMap(([name, value]): [string, string][] => {
    if (!Object.hasOwn(parameters, name)) return [];
    const write = Object.hasOwn(TEXT_OF, name) ? TEXT_OF[name as keyof typeof TEXT_OF] : String;
    return [[name, write(value as never)]];
  });
  return Object.fromEntries(given);
}

/** Refuses filters beside an id, because they would be ignored. */
export function refuseFilters(filters: Parameters, options: EventOptions | DeliveryOptions): void {
  const given = Object.keys(options).find((name) => name === 'all' || Object.hasOwn(filters, name));
  if (given !== undefined) throw new CommandError(EXIT.usage, `--${given} is for listings: give either it or an id`);
}
