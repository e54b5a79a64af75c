import type { Command } from 'commander';
import { ackCommand, type AckOptions, alertsCommand, type AlertsOptions } from './alerts.ts';
import type { Kit } from './kit.ts';
import {
  silenceAddCommand,
  type SilenceAddOptions,
  silenceExpireCommand,
  silenceListCommand,
  type SilenceListOptions,
} from './silence.ts';
import type { CommonOptions } from './terminal.ts';

/** What people do about what fires. */
export function alertVerbs(program: Command, { terminal, doors, run }: Kit): void {
  program
    .command('alerts')
    .description('what fires, the oldest first')
    .option('--rule <rule>', 'of this rule')
    .action((options: AlertsOptions) => run(async () => alertsCommand(terminal, await doors.client(options), options)));
  program
    .command('ack')
    .description('acknowledge what fires for a key: it is neither repeated nor escalated any more')
    .argument('<key>')
    .option('--rule <rule>', 'of this rule only')
    .option('--by <name>', 'who says so (default: you)')
    .action((key: string, options: AckOptions) =>
      run(async () => ackCommand(terminal, await doors.client(options), key, options)),
    );
  const silence = program.command('silence').description('what nobody wants to hear of for a while');
  silence
    .command('add')
    .description('silence what matches')
    .argument('[path=value...]', 'what to silence: rule=disk-full, key=db1, data.host=web1; all must hold')
    .option('--match <json>', 'patterns, as in rules')
    .option('--if <cel>', 'a condition that must hold too')
    .option('--for <duration>', 'how long')
    .option('--until <time>', 'when it is over')
    .option('--from <time>', 'when it begins (default: now)')
    .option('--cron <pattern>', 'it comes again: when each window begins')
    .option('--window <duration>', 'and how long it is open')
    .option('--timezone <zone>', 'of --cron, and of times without an offset (default: that of this machine)')
    .option('--reason <text>', 'why')
    .option('--name <name>', 'how it is called in traces')
    .option('--by <name>', 'who wants it (default: you)')
    .action((pairs: string[], options: SilenceAddOptions) =>
      run(async () => silenceAddCommand(terminal, () => doors.client(options), pairs, options)),
    );
  silence
    .command('list')
    .description('those that are active or still to come')
    .option('--all', 'also those that are over')
    .action((options: SilenceListOptions) =>
      run(async () => silenceListCommand(terminal, await doors.client(options), options)),
    );
  silence
    .command('expire')
    .description('end it now')
    .argument('<id...>')
    .action((ids: string[], options: CommonOptions) =>
      run(async () => silenceExpireCommand(terminal, await doors.client(options), ids, options)),
    );
}
