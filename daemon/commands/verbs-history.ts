import type { Command } from 'commander';
import { deliveriesCommand, eventsCommand, type HistoryOptions } from './history.ts';
import type { Kit } from './kit.ts';

/** What is past. */
export function historyVerbs(program: Command, { terminal, doors, run }: Kit): void {
  const filtered = (command: Command): Command =>
    command
      .option('--since <time>', 'not before a time, or a duration ago')
      .option('--until <time>', 'before a time, or a duration ago')
      .option('--source <source>', 'of this source')
      .option('--type <type>', 'of this type; * stands for any part')
      .option('--rule <rule>', 'that this rule had to do with')
      .option('--key <key>', 'of this key')
      .option('--text <text>', 'with this somewhere in it')
      .option('--order <order>', 'desc, the newest first, or asc')
      .option('--limit <number>', 'so many on a page')
      .option('--cursor <cursor>', 'the page after that one')
      .option('--all', 'all pages');
  filtered(program.command('events'))
    .description('past events and what became of them')
    .argument('[id]', 'one whole, with its decision and deliveries')
    .option('--outcome <outcome>', 'where a rule had this outcome')
    .action((id: string | undefined, options: HistoryOptions) =>
      run(async () => eventsCommand(terminal, await doors.client(options), id, options)),
    );
  filtered(program.command('deliveries'))
    .description('deliveries with their attempts and receipts')
    .argument('[id]', 'one whole')
    .option('--event <id>', 'of this event')
    .option('--channel <channel>', 'of this channel')
    .option('--state <state>', 'pending, sending, held, delivered, dead or cancelled')
    .action((id: string | undefined, options: HistoryOptions) =>
      run(async () => deliveriesCommand(terminal, await doors.client(options), id, options)),
    );
}
