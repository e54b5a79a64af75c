import { EXIT } from '../../../core/problems/failure.ts';
import { DELIVERY_FILTERS, DELIVERY_QUERY } from '../../../core/values/history-filters.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { DeliveryView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, filterOptions, TypedArgument } from '../../options.ts';
import { deliveryState, deliveryText, keptBackText } from '../../render/deliveries.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { CommandError, harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { type DeliveryOptions, type History, list, refuseFilters } from './history.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  const command = daemonOptions(program.command('deliveries'))
    .description('list deliveries with their attempts and receipts')
    .addArgument(new TypedArgument('[id]', NAME, 'show the delivery with this id'))
    .option('--all', 'list all pages')
    .option('--message', 'show the title and the body that were sent, with secrets masked')
    .option('--retry', 'make the delivery with this id due now; needs the scope admin');
  filterOptions(command, DELIVERY_FILTERS).action((id: string | undefined, options: DeliveryOptions) =>
    run(async () => showDeliveries(terminal, () => access.client(options), id, options)),
  );
};

/** Prints deliveries, the newest first, or one. */
async function showDeliveries(
  terminal: Terminal,
  open: () => Promise<Client>,
  id: string | undefined,
  options: DeliveryOptions,
): Promise<number> {
  if (options.retry === true) return await retry(terminal, open, id, options);
  if (id === undefined) return list(terminal, await open(), options.message === true ? MESSAGES : DELIVERIES, options);
  refuseFilters(DELIVERY_FILTERS, options);
  const delivery = await (await open()).call<DeliveryView>('GET', `/v1/deliveries/${encodeURIComponent(id)}`);
  if (options.json) jsonLine(terminal, delivery);
  else line(terminal, deliveryText(delivery, styleOf(terminal, options), options.message));
  return EXIT.ok;
}

/** Makes a delivery due now, and prints it. */
async function retry(
  terminal: Terminal,
  open: () => Promise<Client>,
  id: string | undefined,
  options: DeliveryOptions,
): Promise<number> {
  if (id === undefined) throw new CommandError(EXIT.usage, '--retry needs the id of a delivery');
  refuseFilters(DELIVERY_FILTERS, options);
  const delivery = await (await open()).call<DeliveryView>('POST', `/v1/deliveries/${encodeURIComponent(id)}/retry`);
  if (options.json) jsonLine(terminal, delivery);
  else line(terminal, deliveryText(delivery, styleOf(terminal, options), options.message));
  return EXIT.ok;
}

const DELIVERIES: History<DeliveryView> = {
  name: 'deliveries',
  parameters: DELIVERY_QUERY,
  columns: ['CREATED', 'ID', 'RULE', 'CHANNEL', 'KEY', 'STATE', 'ATTEMPTS', 'LAST ATTEMPT', 'NEXT', 'LAST ANSWER'],
  row: deliveryRow,
};

/** Deliveries with their messages, which do not fit into a table. */
const MESSAGES: History<DeliveryView> = {
  name: 'deliveries',
  parameters: DELIVERY_QUERY,
  row: (delivery, style) => [deliveryText(delivery, style, true)],
};

function deliveryRow(delivery: DeliveryView, style: Style): string[] {
  const { id, rule, channel, key, state, attempts, receipt, created_at: created = '', next_at: next = '' } = delivery;
  const last = attempts.at(-1);
  const answer =
    last?.code === undefined ? (receipt?.id ?? receipt?.answer ?? '') : `${last.code}: ${last.message ?? ''}`;
  const [keptBack] = keptBackText(delivery, style);
  return [
    style.time(created),
    id,
    rule,
    channel,
    harmless(key),
    deliveryState(state, style.paint),
    String(attempts.length),
    style.time(last?.at ?? ''),
    style.time(next),
    keptBack ?? harmless(answer).slice(0, 80),
  ];
}
