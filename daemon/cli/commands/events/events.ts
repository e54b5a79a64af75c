import { EXIT } from '../../../core/problems/failure.ts';
import { EVENT_FILTERS } from '../../../core/values/history-filters.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { EventView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, filterOptions, TypedArgument } from '../../options.ts';
import { deliveryText } from '../../render/deliveries.ts';
import { outcomesText, resultLines, waitingLines } from '../../render/outcomes.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { harmless, harmlessLines, indented, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { declareRerun } from './rerun.ts';
import { type EventOptions, type History, list, refuseFilters } from './history.ts';

export const verb: Verb = (program, context) => {
  const events = program.command('events').description('list past events with their outcomes, or run them again');
  declareList(events, context);
  declareRerun(events, context);
};

const declareList: Verb = (events, { terminal, access, run }) => {
  const command = daemonOptions(events.command('list', { isDefault: true }))
    .description('list past events with their outcomes, the newest first')
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
  parameters: EVENT_FILTERS,
  columns: ['RECEIVED AT', 'ID', 'SOURCE', 'TYPE', 'SUBJECT', 'OUTCOMES'],
  row: eventRow,
};

function eventRow(view: EventView, style: Style): string[] {
  const { received_at: at, id, source, type, subject = '' } = view;
  return [style.time(at), harmless(id), harmless(source), harmless(type), harmless(subject), outcomesText(view, style)];
}

function eventText(view: EventView, style: Style): string {
  const { deliveries = [], event } = view;
  return [
    `event ${harmless(view.id)}  ${harmless(view.source)}  ${harmless(view.type)}  ${harmless(view.subject ?? '')}  received ${style.time(view.received_at)}`,
    ...resultLines(view, style),
    ...waitingLines(view.waiting ?? [], style),
    ...(deliveries.length === 0
      ? []
      : ['deliveries', ...deliveries.map((delivery) => indented(deliveryText(delivery, style)))]),
    'event as received',
    indented(harmlessLines(JSON.stringify(event, null, 2))),
  ].join('\n');
}
