import { EXIT } from '../../core/problems/failure.ts';
import { DELIVERY_FILTERS, EVENT_FILTERS } from '../../core/values/history-filters.ts';
import type { Parameters, ValuesOf } from '../../core/values/parameter.ts';
import { momentText } from '../../core/values/value-kind.ts';
import type { DeliveryView, EventView } from '../../http/daemon-api.ts';
import type { Client } from '../connection/client.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  type Paint,
  painter,
  table,
  type Terminal,
} from '../render/terminal.ts';

interface ListOptions extends CommonOptions {
  /** All pages. */
  readonly all?: boolean;
}

export type EventOptions = ListOptions & ValuesOf<typeof EVENT_FILTERS>;
export type DeliveryOptions = ListOptions & ValuesOf<typeof DELIVERY_FILTERS>;

/** How the values of filters are written in a query; others are text already. */
const WRITTEN = {
  since: momentText,
  until: momentText,
  state: (states: readonly string[]) => states.join(','),
  limit: String,
} as const;

/** `belfry events [ID]`: past events, the newest first; or one whole, with its decision and deliveries. */
export async function eventsCommand(
  terminal: Terminal,
  open: () => Promise<Client>,
  id: string | undefined,
  options: EventOptions,
): Promise<number> {
  if (id === undefined)
    return list<EventView>(terminal, await open(), 'events', EVENT_COLUMNS, eventRow, EVENT_FILTERS, options);
  refuseFilters(EVENT_FILTERS, options);
  const event = await (await open()).call<EventView>('GET', `/v1/events/${encodeURIComponent(id)}`);
  if (options.json) jsonLine(terminal, event);
  else line(terminal, eventText(event, painter(terminal)));
  return EXIT.ok;
}

/** `belfry deliveries [ID]`: deliveries, the newest first; or one whole. */
export async function deliveriesCommand(
  terminal: Terminal,
  open: () => Promise<Client>,
  id: string | undefined,
  options: DeliveryOptions,
): Promise<number> {
  if (id === undefined)
    return list<DeliveryView>(
      terminal,
      await open(),
      'deliveries',
      DELIVERY_COLUMNS,
      deliveryRow,
      DELIVERY_FILTERS,
      options,
    );
  refuseFilters(DELIVERY_FILTERS, options);
  const delivery = await (await open()).call<DeliveryView>('GET', `/v1/deliveries/${encodeURIComponent(id)}`);
  if (options.json) jsonLine(terminal, delivery);
  else line(terminal, deliveryText(delivery, painter(terminal)));
  return EXIT.ok;
}

async function list<T>(
  terminal: Terminal,
  client: Client,
  what: 'events' | 'deliveries',
  columns: readonly string[],
  row: (item: T, paint: Paint) => readonly string[],
  filters: Parameters,
  options: EventOptions | DeliveryOptions,
): Promise<number> {
  const paint = painter(terminal);
  let cursor = options.cursor;
  const rows: (readonly string[])[] = [];
  do {
    const page = await client.call<{ next: string | null } & Record<string, readonly T[]>>(
      'GET',
      `/v1/${what}?${queryOf(filters, { ...options, ...(cursor !== undefined && { cursor }) })}`,
    );
    for (const item of page[what]!) {
      if (options.json) jsonLine(terminal, item);
      else rows.push(row(item, paint));
    }
    cursor = page.next ?? undefined;
  } while (options.all === true && cursor !== undefined);
  if (options.json !== true) line(terminal, rows.length === 0 ? `no ${what}` : table([columns, ...rows]));
  if (cursor !== undefined) terminal.stderr.write(`more: --cursor ${cursor}\n`);
  return EXIT.ok;
}

function queryOf(filters: Parameters, options: EventOptions | DeliveryOptions): string {
  const given = Object.entries(options).flatMap(([name, value]): [string, string][] => {
    if (!Object.hasOwn(filters, name)) return [];
    const write = Object.hasOwn(WRITTEN, name) ? WRITTEN[name as keyof typeof WRITTEN] : String;
    return [[name, write(value as never)]];
  });
  return new URLSearchParams(given).toString();
}

/** Filters with an id would be ignored: what is meant is unclear. */
function refuseFilters(filters: Parameters, options: EventOptions | DeliveryOptions): void {
  const given = Object.keys(options).find((name) => name === 'all' || Object.hasOwn(filters, name));
  if (given !== undefined) throw new CommandError(EXIT.usage, `--${given} is for listings: give either it or an id`);
}

const EVENT_COLUMNS = ['RECEIVED AT', 'ID', 'SOURCE', 'TYPE', 'SUBJECT', 'OUTCOMES'];

function eventRow({ received_at: at, id, source, type, subject = '', outcomes }: EventView, paint: Paint): string[] {
  const decided = Object.entries(outcomes).map(([rule, outcome]) => `${rule}: ${outcome}`);
  const shown = decided.length === 0 ? paint('grey', 'no rule matched') : decided.join(', ');
  return [at, harmless(id), harmless(source), harmless(type), harmless(subject), shown];
}

const DELIVERY_COLUMNS = ['ID', 'RULE', 'CHANNEL', 'KEY', 'STATE', 'ATTEMPTS', 'LAST ANSWER'];

function deliveryRow({ id, rule, channel, key, state, attempts, receipt }: DeliveryView, paint: Paint): string[] {
  const last = attempts.at(-1);
  const answer =
    last?.code === undefined ? (receipt?.id ?? receipt?.answer ?? '') : `${last.code}: ${last.message ?? ''}`;
  return [
    id,
    rule,
    channel,
    harmless(key),
    stateText(state, paint),
    String(attempts.length),
    harmless(answer).slice(0, 80),
  ];
}

function stateText(state: DeliveryView['state'], paint: Paint): string {
  return paint(state === 'delivered' ? 'green' : state === 'dead' ? 'red' : 'yellow', state);
}

function eventText(view: EventView, paint: Paint): string {
  const { results = [], later = [], deliveries = [], event } = view;
  const decided = results.map(
    ({ rule, outcome, key, reason, until, errors = [] }) =>
      `  ${rule}  ${outcome}${key === undefined ? '' : `  ${harmless(key)}`}${reason === undefined ? '' : `  ${harmless(reason)}`}${until === undefined ? '' : `, until ${until}`}${errors.map((text) => `\n    ${paint('red', harmless(text))}`).join('')}`,
  );
  const since = later.map(
    ({ at, rule, outcome, reason }) =>
      `  ${at}  ${rule}  ${outcome}${reason === undefined ? '' : `  ${harmless(reason)}`}`,
  );
  return [
    `event ${harmless(view.id)}  ${harmless(view.source)}  ${harmless(view.type)}  ${harmless(view.subject ?? '')}  received ${view.received_at}`,
    ...(decided.length === 0 ? ['  no rule matched'] : decided),
    ...(since.length === 0 ? [] : ['later', ...since]),
    ...(deliveries.length === 0
      ? []
      : ['deliveries', ...deliveries.map((delivery) => indented(deliveryText(delivery, paint)))]),
    'as it came',
    indented(harmlessLines(JSON.stringify(event, null, 2))),
  ].join('\n');
}

function deliveryText(
  { id, rule, channel, state, attempts, receipt, next_at: next }: DeliveryView,
  paint: Paint,
): string {
  const tried = attempts.map(
    ({ at, ms, code, message = '' }) =>
      `  ${at}  ${ms} ms  ${code === undefined ? 'ok' : `${code}: ${harmless(message)}`}`,
  );
  return [
    `${id}  ${channel}  ${rule}  ${stateText(state, paint)}${next === undefined ? '' : `  next at ${next}`}`,
    ...tried,
    ...(receipt === undefined ? [] : [`  receipt: ${harmless(JSON.stringify(receipt))}`]),
  ].join('\n');
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((part) => `  ${part}`)
    .join('\n');
}

function harmlessLines(text: string): string {
  return text.split('\n').map(harmless).join('\n');
}
