import type { Command } from 'commander';
import { DELIVERY_FILTERS, EVENT_FILTERS } from '../../core/values/history-filters.ts';
import { NAME } from '../../core/values/value-kind.ts';
import { deliveriesCommand, type DeliveryOptions, type EventOptions, eventsCommand } from '../commands/history.ts';
import type { Kit } from '../context.ts';
import { daemonOptions, filterOptions, TypedArgument } from '../options.ts';

/** Declares the verbs that look at what is past. */
export function historyVerbs(program: Command, { terminal, doors, run }: Kit): void {
  const events = daemonOptions(program.command('events'))
    .description('past events and what became of them')
    .addArgument(new TypedArgument('[id]', NAME, 'one whole, with its decision and deliveries'))
    .option('--all', 'all pages');
  filterOptions(events, EVENT_FILTERS).action((id: string | undefined, options: EventOptions) =>
    run(async () => eventsCommand(terminal, () => doors.client(options), id, options)),
  );
  const deliveries = daemonOptions(program.command('deliveries'))
    .description('deliveries with their attempts and receipts')
    .addArgument(new TypedArgument('[id]', NAME, 'one whole'))
    .option('--all', 'all pages');
  filterOptions(deliveries, DELIVERY_FILTERS).action((id: string | undefined, options: DeliveryOptions) =>
    run(async () => deliveriesCommand(terminal, () => doors.client(options), id, options)),
  );
}
