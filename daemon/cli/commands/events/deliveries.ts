import { EXIT } from '../../../core/problems/failure.ts';
import { DELIVERY_FILTERS } from '../../../core/values/history-filters.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { DeliveryView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, filterOptions, TypedArgument } from '../../options.ts';
import { deliveryState, deliveryText } from '../../render/deliveries.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { type DeliveryOptions, type History, list, refuseFilters } from './history.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  const command = daemonOptions(program.command('deliveries'))
    .description('list deliveries with their attempts and receipts')
    .addArgument(new TypedArgument('[id]', NAME, 'show the delivery with this id'))
    .option('--all', 'list all pages');
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
  if (id === undefined) return list(terminal, await open(), DELIVERIES, options);
  refuseFilters(DELIVERY_FILTERS, options);
  const delivery = await (await open()).call<DeliveryView>('GET', `/v1/deliveries/${encodeURIComponent(id)}`);
  if (options.json) jsonLine(terminal, delivery);
  else line(terminal, deliveryText(delivery, styleOf(terminal, options)));
  return EXIT.ok;
}

const DELIVERIES: History<DeliveryView> = {
  name: 'deliveries',
  filters: DELIVERY_FILTERS,
  columns: ['ID', 'RULE', 'CHANNEL', 'KEY', 'STATE', 'ATTEMPTS', 'LAST ANSWER'],
  row: deliveryRow,
};

function deliveryRow({ id, rule, channel, key, state, attempts, receipt }: DeliveryView, { paint }: Style): string[] {
  const last = attempts.at(-1);
  const answer =
    last?.code === undefined ? (receipt?.id ?? receipt?.answer ?? '') : `${last.code}: ${last.message ?? ''}`;
  return [
    id,
    rule,
    channel,
    harmless(key),
    deliveryState(state, paint),
    String(attempts.length),
    harmless(answer).slice(0, 80),
  ];
}
