import type { Command } from 'commander';
import { ackCommand, type AckOptions, alertsCommand, type AlertsOptions } from '../commands/alerts/alerts.ts';
import { NAME, TEXT, TIMEZONE, WALL_TIME, duration } from '../../core/values/value-kind.ts';
import type { Kit } from '../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../options.ts';
import {
  silenceAddCommand,
  type SilenceAddOptions,
  silenceExpireCommand,
  silenceListCommand,
  type SilenceListOptions,
} from '../commands/alerts/silence.ts';
import type { CommonOptions } from '../render/terminal.ts';

/** What people do about what fires. */
export function alertVerbs(program: Command, { terminal, doors, run }: Kit): void {
  daemonOptions(program.command('alerts'))
    .description('what fires, the oldest first')
    .addOption(new TypedOption('--rule <rule>', NAME, 'of this rule'))
    .action((options: AlertsOptions) => run(async () => alertsCommand(terminal, await doors.client(options), options)));
  daemonOptions(program.command('ack'))
    .description('acknowledge what fires for a key: it is neither repeated nor escalated any more')
    .addArgument(new TypedArgument('<key>', TEXT))
    .addOption(new TypedOption('--rule <rule>', NAME, 'of this rule only'))
    .addOption(new TypedOption('--by <name>', NAME, 'who says so (default: you)'))
    .action((key: string, options: AckOptions) =>
      run(async () => ackCommand(terminal, await doors.client(options), key, options)),
    );
  const silence = program.command('silence').description('what nobody wants to hear of for a while');
  daemonOptions(silence.command('add'))
    .description('silence what matches')
    .addArgument(
      new TypedArgument(
        '[path=value...]',
        NAME,
        'what to silence: rule=disk-full, key=db1, data.host=web1; all must hold',
      ),
    )
    .addOption(new TypedOption('--match <json>', NAME, 'patterns, as in rules'))
    .addOption(new TypedOption('--if <cel>', NAME, 'a condition that must hold too'))
    .addOption(new TypedOption('--for <duration>', duration({ least: 1 }), 'how long'))
    .addOption(new TypedOption('--until <time>', WALL_TIME, 'when it is over'))
    .addOption(new TypedOption('--from <time>', WALL_TIME, 'when it begins (default: now)'))
    .addOption(new TypedOption('--cron <pattern>', NAME, 'it comes again: when each window begins'))
    .addOption(new TypedOption('--window <duration>', duration({ least: 1 }), 'and how long it is open'))
    .addOption(
      new TypedOption(
        '--timezone <zone>',
        TIMEZONE,
        'of --cron, and of times without an offset (default: that of this machine)',
      ),
    )
    .addOption(new TypedOption('--reason <text>', NAME, 'why'))
    .addOption(new TypedOption('--name <name>', NAME, 'how it is called in traces'))
    .addOption(new TypedOption('--by <name>', NAME, 'who wants it (default: you)'))
    .action((pairs: string[], options: SilenceAddOptions) =>
      run(async () => silenceAddCommand(terminal, () => doors.client(options), pairs, options)),
    );
  daemonOptions(silence.command('list'))
    .description('those that are active or still to come')
    .option('--all', 'also those that are over')
    .action((options: SilenceListOptions) =>
      run(async () => silenceListCommand(terminal, await doors.client(options), options)),
    );
  daemonOptions(silence.command('expire'))
    .description('end it now')
    .addArgument(new TypedArgument('<id...>', NAME))
    .action((ids: string[], options: CommonOptions) =>
      run(async () => silenceExpireCommand(terminal, await doors.client(options), ids, options)),
    );
}
