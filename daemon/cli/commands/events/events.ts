import { EXIT } from '../../../core/problems/failure.ts';
import { EVENT_FILTERS } from '../../../core/values/history-filters.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { EventView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, filterOptions, TypedArgument } from '../../options.ts';
import { deliveryText } from '../../render/deliveries.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { type EventOptions, type History, list, refuseFilters } from './history.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  const command = daemonOptions(program.command('events'))
    .description('list past events with their outcomes')
    .addArgument(new TypedArgument('[id]', NAME, 'show the event with this id, its decision and deliveries'))
    .option('--all', 'list all pages');
  filterOptions(command, EVENT_FILTERS).action((id: string | undefined, options: EventOptions) =>
    run(async () => showEvents(terminal, () => access.client(options), id, options)),
  );
};

/** Prints past events, the newest first, or one with its decision and deliveries. */
async function showEvents(
  terminal: Terminal,
  open: () => Promise<Client>,
  id: string | undefined,
  options: EventOptions,
): Promise<number> {
  if (id === undefined) return list(terminal, await open(), EVENTS, options);
  refuseFilters(EVENT_FILTERS, options);
  const event = await (await open()).call<EventView>('GET', `/v1/events/${encodeURIComponent(id)}`);
  if (options.json) jsonLine(terminal, event);
  else line(terminal, eventText(event, styleOf(terminal, options)));
  return EXIT.ok;
}

const EVENTS: History<EventView> = {
  name: 'events',
  filters: EVENT_FILTERS,
  columns: ['RECEIVED AT', 'ID', 'SOURCE', 'TYPE', 'SUBJECT', 'OUTCOMES'],
  row: eventRow,
};

function eventRow(
  { received_at: at, id, source, type, subject = '', outcomes }: EventView,
  { paint, time }: Style,
): string[] {
  const decided = Object.entries(outcomes).map(([rule, outcome]) => `${rule}: ${outcome}`);
  const shown = decided.length === 0 ? paint('grey', 'no rule matched') : decided.join(', ');
  return [time(at), harmless(id), harmless(source), harmless(type), harmless(subject), shown];
}

function eventText(view: EventView, style: Style): string {
  const { paint, time, times } = style;
  const { results = [], later = [], deliveries = [], event } = view;
  const decided = results.map(
    ({ rule, outcome, key, reason, until, errors = [] }) =>
      `  ${rule}  ${outcome}${key === undefined ? '' : `  ${harmless(key)}`}${reason === undefined ? '' : `  ${times(harmless(reason))}`}${until === undefined ? '' : `, until ${time(until)}`}${errors.map((text) => `\n    ${paint('red', harmless(text))}`).join('')}`,
  );
  const laterLines = later.map(
    ({ at, rule, outcome, reason }) =>
      `  ${time(at)}  ${rule}  ${outcome}${reason === undefined ? '' : `  ${times(harmless(reason))}`}`,
  );
  return [
    `event ${harmless(view.id)}  ${harmless(view.source)}  ${harmless(view.type)}  ${harmless(view.subject ?? '')}  received ${time(view.received_at)}`,
    ...(decided.length === 0 ? ['  no rule matched'] : decided),
    ...(laterLines.length === 0 ? [] : ['later', ...laterLines]),
    ...(deliveries.length === 0
      ? []
      : ['deliveries', ...deliveries.map((delivery) => indented(deliveryText(delivery, style)))]),
    'event as received',
    indented(harmlessLines(JSON.stringify(event, null, 2))),
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
