import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { configPath } from '../../app/paths.ts';
import { channelTypes } from '../../channels/index.ts';
import { EXIT } from '../../core/problems/failure.ts';
import { ATTRIBUTE, duration, INSTANT, LONGEST_WAIT, NAME, oneOf } from '../../core/values/value-kind.ts';
import { newId } from '../../lib/id.ts';
import { openLog } from '../../lib/log.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import { sourceTypes } from '../../sources/index.ts';
import { auditCommand } from '../commands/audit.ts';
import { channelListCommand, channelTestCommand, holdCommand } from '../commands/channel.ts';
import { CHECK_FORMATS, checkCommand, toolsOf } from '../commands/rules/check.ts';
import { completionScript, type Shell, SHELLS } from '../commands/completion.ts';
import {
  DEAD_FILTERS,
  dropCommand,
  listCommand,
  resendCommand,
  type ResendOptions,
  showCommand,
} from '../commands/dead.ts';
import { Doors } from '../connection/access.ts';
import { emitCommand, type EmitOptions } from '../commands/emit.ts';
import { explainCommand, type ExplainOptions } from '../commands/rules/explain.ts';
import { initCommand } from '../commands/rules/init.ts';
import { untilInterrupted } from '../connection/interruption.ts';
import type { Kit } from '../context.ts';
import { reloadCommand } from '../commands/rules/reload.ts';
import { daemonOptions, filterOptions, TypedArgument, TypedOption } from '../options.ts';
import { runCommand, type RunOptions } from '../commands/run.ts';
import { schemaCommand } from '../commands/rules/schema.ts';
import { statusCommand } from '../commands/status.ts';
import { tailCommand } from '../commands/tail.ts';
import { testCommand, type TestOptions } from '../commands/rules/test.ts';
import { type CommonOptions, line, type Terminal } from '../render/terminal.ts';
import { alertVerbs } from './alerts.ts';
import { historyVerbs } from './history.ts';

const SCHEMAS = ['rules', 'tests', 'event', 'dead-letter'] as const;

/** For what ends as soon as it can, milliseconds. */
const SHORT_GRACE = 1_000;
/** For attempts that are on their way: they get 20 s, and the daemon is closed within 25. */
const LONG_GRACE = 30_000;

/** Every verb of the command line, declared in one place; what each does is in its own file. */
export function verbs(program: Command, terminal: Terminal, version: string, exit: (code: number) => void): void {
  const doors = new Doors(terminal, version);
  const kit: Kit = {
    terminal,
    version,
    registry: { channels: channelTypes, sources: sourceTypes },
    doors,
    config: (options) => configPath(options.config, terminal.env, terminal.cwd, existsSync),
    async run(work, grace = 0) {
      const closed = async (): Promise<number> => {
        try {
          return await work();
        } finally {
          await doors.close();
        }
      };
      exit(await untilInterrupted(closed(), terminal.interrupted, grace));
    },
  };
  for (const declare of [
    daemonVerbs,
    eventVerbs,
    historyVerbs,
    deadVerbs,
    alertVerbs,
    channelVerbs,
    ruleVerbs,
    shellVerbs,
  ])
    declare(program, kit);
}

function daemonVerbs(program: Command, { terminal, version, registry, doors, run }: Kit): void {
  program
    .command('run')
    .description('the daemon, in the foreground')
    .option('--try-it', 'say at the start what to try')
    .action((options: RunOptions) => run(() => runCommand(terminal, version, registry, options), LONG_GRACE));
  daemonOptions(program.command('status'))
    .description('daemon, generation, sources, channels, queue, dead letters')
    .action((options: CommonOptions) => run(async () => statusCommand(terminal, await doors.client(options), options)));
  daemonOptions(program.command('reload'))
    .description('read the rules anew and report the result')
    .action((options: CommonOptions) => run(async () => reloadCommand(terminal, await doors.client(options), options)));
  daemonOptions(program.command('audit'))
    .description('the conservation law over what is stored; exit 1 if it is broken')
    .action((options: CommonOptions) => run(async () => auditCommand(terminal, await doors.audit(options), options)));
}

function eventVerbs(program: Command, { terminal, doors, run }: Kit): void {
  daemonOptions(program.command('emit'))
    .description('post an event; exit 0 means that it is on disk')
    .addArgument(new TypedArgument('<type>', ATTRIBUTE, 'the event type, such as backup.failed'))
    .addArgument(new TypedArgument('[key=value...]', NAME, 'fields of its data; a.b=1 nests'))
    .addOption(new TypedOption('--data <json>', NAME, 'the data: JSON, @FILE, or - for standard input'))
    .addOption(new TypedOption('--subject <subject>', ATTRIBUTE, 'what it is about'))
    .addOption(new TypedOption('--id <id>', ATTRIBUTE, 'its id; the same source and id again is a duplicate'))
    .addOption(new TypedOption('--time <time>', INSTANT, 'when it happened'))
    .addOption(new TypedOption('--source <source>', ATTRIBUTE, 'where it is from (default: api)'))
    .addOption(
      new TypedOption(
        '--wait [duration]',
        duration({ most: LONGEST_WAIT }),
        'wait until its deliveries have ended, 10s if nothing else is said',
      ).preset('10s'),
    )
    .action((type: string, pairs: string[], options: EmitOptions) =>
      run(async () => {
        const client = await doors.client(options);
        return emitCommand(
          terminal,
          client,
          () => doors.inbox(options),
          () => newId(Date.now()),
          type,
          pairs,
          options,
        );
      }),
    );
  daemonOptions(program.command('tail'))
    .description('events, decisions and deliveries as they happen')
    .action((options: CommonOptions) =>
      run(async () => tailCommand(terminal, await doors.client(options), options), SHORT_GRACE),
    );
}

function deadVerbs(program: Command, { terminal, doors, run }: Kit): void {
  const dead = program.command('dead').description('what could not be delivered');
  const filtered = (command: Command): Command => filterOptions(daemonOptions(command), DEAD_FILTERS);
  filtered(dead.command('list'))
    .description('every dead letter, a line each')
    .action((options: ResendOptions) => run(async () => listCommand(terminal, await doors.dead(options), options)));
  daemonOptions(dead.command('show'))
    .description('one whole')
    .addArgument(new TypedArgument('<id>', NAME))
    .action((id: string, options: CommonOptions) =>
      run(async () => showCommand(terminal, await doors.dead(options), id, options)),
    );
  filtered(dead.command('resend'))
    .description('send again, oldest first, after showing the plan')
    .addArgument(new TypedArgument('[id...]', NAME, 'which; - reads them from standard input'))
    .option('--all', 'every one')
    .addOption(new TypedOption('--to <channel>', NAME, 'by another channel'))
    .option('--requeue', "decide anew by today's rules")
    .option('--dry-run', 'only the plan')
    .option('--yes', 'do not ask')
    .action((ids: string[], options: ResendOptions) =>
      run(async () => resendCommand(terminal, await doors.dead(options), ids, options), LONG_GRACE),
    );
  daemonOptions(dead.command('drop'))
    .description('take it out of the file for good')
    .addArgument(new TypedArgument('<id...>', NAME, 'which; - reads them from standard input'))
    .option('--yes', 'do not ask')
    .action((ids: string[], options: ResendOptions) =>
      run(async () => dropCommand(terminal, await doors.dead(options), ids, options)),
    );
}

function channelVerbs(program: Command, { terminal, doors, run }: Kit): void {
  for (const verb of ['hold', 'release'] as const) {
    daemonOptions(program.command(verb))
      .description(verb === 'hold' ? 'pause a channel; its deliveries wait' : 'let a held channel go on')
      .addArgument(new TypedArgument('<channel>', NAME))
      .action((name: string, options: CommonOptions) =>
        run(async () => holdCommand(terminal, await doors.client(options), verb, name, options)),
      );
  }
  const channel = program.command('channel').description('the ways out');
  daemonOptions(channel.command('list'))
    .description('every channel and how it is')
    .action((options: CommonOptions) =>
      run(async () => channelListCommand(terminal, await doors.client(options), options)),
    );
  daemonOptions(channel.command('test'))
    .description('send a real test message and print the receipt, or the error with its class')
    .addArgument(new TypedArgument('<channel>', NAME))
    .action((name: string, options: CommonOptions) =>
      run(async () => channelTestCommand(terminal, await doors.client(options), name, options)),
    );
}

interface CheckOptions {
  readonly format: string;
  readonly strict?: boolean;
  readonly withoutSecrets?: boolean;
}

function ruleVerbs(program: Command, { terminal, registry, doors, config, run }: Kit): void {
  program
    .command('check')
    .description('validate rules: every problem with its place, an excerpt and what to do')
    .addArgument(new TypedArgument('[path...]', NAME, 'files or directories (default: the rules directory)'))
    .addOption(new TypedOption('--format <format>', oneOf(CHECK_FORMATS), CHECK_FORMATS.join(', ')).default('text'))
    .option('--without-secrets', 'let stand-ins take the places of references that cannot be resolved')
    .option('--strict', 'warnings make the rules invalid, too')
    .action((given: string[], { json, format, strict, withoutSecrets, ...options }: CommonOptions & CheckOptions) => {
      const paths = given.length > 0 ? given : [config(options)];
      const how = { format: json ? 'json' : format, strict: strict === true, withoutSecrets: withoutSecrets === true };
      return run(() => checkCommand({ paths, ...how, registry, terminal }));
    });
  daemonOptions(program.command('explain'))
    .description('what every rule makes of an event, and why; exit 3 when none matches it')
    .addArgument(new TypedArgument('<event>', NAME, 'a file, - for standard input, or the id of a past event'))
    .addOption(new TypedOption('--rule <rule>', NAME, 'of this rule only'))
    .addOption(new TypedOption('--at <time>', INSTANT, 'as if it came at this time'))
    .action((event: string, options: ExplainOptions) =>
      run(async () => {
        const client = await doors.client(options);
        return explainCommand({ terminal, client, config: config(options), registry }, event, options);
      }),
    );
  program
    .command('test')
    .description('run the tests of rules (*.test.yaml) on a virtual clock')
    .addArgument(new TypedArgument('[path...]', NAME, 'files or directories (default: the rules directory)'))
    .option('--watch', 'again after every change')
    .addOption(new TypedOption('--junit <file>', NAME, 'write the results as JUnit XML'))
    .action((given: string[], options: TestOptions) => {
      const rules = config(options);
      const paths = given.length > 0 ? given : [rules];
      const scrubber = new Scrubber();
      const log = openLog({ level: 'error', format: 'text' }, scrubber, terminal.stderr);
      const parts = { env: terminal.env, tools: toolsOf(registry), sourceTypes, log, scrubber };
      return run(() => testCommand({ terminal, parts, paths, config: rules, options }), SHORT_GRACE);
    });
  program
    .command('init')
    .description('a starter rules directory')
    .addArgument(new TypedArgument('[dir]', NAME, 'where').default('rules'))
    .action((dir: string, { json = false }: CommonOptions) => run(() => initCommand({ dir, json, terminal })));
  program
    .command('schema')
    .description('print a JSON schema')
    .addArgument(new TypedArgument('<name>', oneOf(SCHEMAS), SCHEMAS.join(', ')))
    .action((name: string) => run(() => schemaCommand({ name, registry, terminal })));
}

function shellVerbs(program: Command, { terminal, version, run }: Kit): void {
  program
    .command('completion')
    .description('a completion script for a shell')
    .addArgument(new TypedArgument('<shell>', oneOf(SHELLS), SHELLS.join(', ')))
    .action((shell: Shell, options: CommonOptions) =>
      run(async () => {
        const script = completionScript(program, shell);
        terminal.stdout.write(options.json ? `${JSON.stringify({ shell, script })}\n` : script);
        return EXIT.ok;
      }),
    );
  program
    .command('version')
    .description('print the version')
    .action((options: CommonOptions) =>
      run(async () => (line(terminal, options.json ? JSON.stringify({ version }) : version), 0)),
    );
}
