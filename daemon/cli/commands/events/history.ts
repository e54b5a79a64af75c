import { EXIT } from '../../../core/problems/failure.ts';
import { DELIVERY_FILTERS, EVENT_FILTERS } from '../../../core/values/history-filters.ts';
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
export type DeliveryOptions = ListOptions & ValuesOf<typeof DELIVERY_FILTERS>;

/** Query text of filter values that are not text. */
const TEXT_OF = {
  since: timeText,
  until: timeText,
  state: (states: readonly string[]) => states.join(','),
  limit: String,
} as const;

/** A kind of history: its name in the API, its filters, and its table. */
export interface History<T> {
  readonly name: 'events' | 'deliveries';
  readonly filters: Parameters;
  readonly columns: readonly string[];
  readonly row: (item: T, style: Style) => readonly string[];
}

/** Prints pages of past events or deliveries, the newest first. */
export async function list<T>(
  terminal: Terminal,
  client: Client,
  { name, filters, columns, row }: History<T>,
  options: EventOptions | DeliveryOptions,
): Promise<number> {
  const style = styleOf(terminal, options);
  let cursor = options.cursor;
  const rows: (readonly string[])[] = [];
  do {
    const page = await client.call<{ next: string | null } & Record<string, readonly T[]>>(
      'GET',
      `/v1/${name}?${queryOf(filters, { ...options, ...(cursor !== undefined && { cursor }) })}`,
    );
    for (const item of page[name]!) {
      if (options.json) jsonLine(terminal, item);
      else rows.push(row(item, style));
    }
    cursor = page.next ?? undefined;
  } while (options.all === true && cursor !== undefined);
  if (options.json !== true) line(terminal, rows.length === 0 ? `no ${name}` : table([columns, ...rows]));
  if (cursor !== undefined) terminal.stderr.write(`more: --cursor ${cursor}\n`);
  return EXIT.ok;
}

function queryOf(filters: Parameters, options: EventOptions | DeliveryOptions): string {
  const given = Object.entries(options).flatMap(([name, value]): [string, string][] => {
    if (!Object.hasOwn(filters, name)) return [];
    const write = Object.hasOwn(TEXT_OF, name) ? TEXT_OF[name as keyof typeof TEXT_OF] : String;
    return [[name, write(value as never)]];
  });
  return new URLSearchParams(given).toString();
}

/** Refuses filters beside an id, because they would be ignored. */
export function refuseFilters(filters: Parameters, options: EventOptions | DeliveryOptions): void {
  const given = Object.keys(options).find((name) => name === 'all' || Object.hasOwn(filters, name));
  if (given !== undefined) throw new CommandError(EXIT.usage, `--${given} is for listings: give either it or an id`);
}
