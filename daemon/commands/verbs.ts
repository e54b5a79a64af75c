import { Argument, type Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { configPath } from '../app/paths.ts';
import { channelTypes } from '../channels/index.ts';
import { newId } from '../lib/id.ts';
import { openLog } from '../lib/log.ts';
import { Scrubber } from '../lib/scrubber.ts';
import { sourceTypes } from '../sources/index.ts';
import { auditCommand } from './audit.ts';
import { channelListCommand, channelTestCommand, holdCommand } from './channel.ts';
import { CHECK_FORMATS, checkCommand, toolsOf } from './check.ts';
import { completionScript } from './completion.ts';
import { dropCommand, listCommand, resendCommand, type ResendOptions, showCommand } from './dead.ts';
import { Doors } from './doors.ts';
import { emitCommand, type EmitOptions } from './emit.ts';
import { explainCommand, type ExplainOptions } from './explain.ts';
import { initCommand } from './init.ts';
import type { Kit } from './kit.ts';
import { reloadCommand } from './reload.ts';
import { runCommand, type RunOptions } from './run.ts';
import { schemaCommand } from './schema.ts';
import { statusCommand } from './status.ts';
import { tailCommand } from './tail.ts';
import { testCommand, type TestOptions } from './test.ts';
import { type CommonOptions, line, type Terminal } from './terminal.ts';
import { alertVerbs } from './verbs-alerts.ts';
import { historyVerbs } from './verbs-history.ts';

/** Every verb of the command line, declared in one place; what each does is in its own file. */
export function verbs(program: Command, terminal: Terminal, version: string, exit: (code: number) => void): void {
  const doors = new Doors(terminal, version);
  const kit: Kit = {
    terminal,
    version,
    registry: { channels: channelTypes, sources: sourceTypes },
    doors,
    config: (options) => configPath(options.config, terminal.env, terminal.cwd, existsSync),
    async run(work) {
      try {
        exit(await work());
      } finally {
        await doors.close();
      }
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
    .action((options: RunOptions) => run(() => runCommand(terminal, version, registry, options)));
  program
    .command('status')
    .description('daemon, generation, sources, channels, queue, dead letters')
    .action((options: CommonOptions) => run(async () => statusCommand(terminal, await doors.client(options), options)));
  program
    .command('reload')
    .description('read the rules anew and report the result')
    .action((options: CommonOptions) => run(async () => reloadCommand(terminal, await doors.client(options), options)));
  program
    .command('audit')
    .description('the conservation law over what is stored; exit 1 if it is broken')
    .action((options: CommonOptions) => run(async () => auditCommand(terminal, await doors.audit(options), options)));
}

function eventVerbs(program: Command, { terminal, doors, run }: Kit): void {
  program
    .command('emit')
    .description('post an event; exit 0 means that it is on disk')
    .argument('<type>', 'the event type, such as backup.failed')
    .argument('[key=value...]', 'fields of its data; a.b=1 nests')
    .option('--data <json>', 'the data: JSON, @FILE, or - for standard input')
    .option('--subject <subject>', 'what it is about')
    .option('--id <id>', 'its id; the same source and id again is a duplicate')
    .option('--time <time>', 'when it happened')
    .option('--source <source>', 'where it is from (default: api)')
    .option('--wait [duration]', 'wait until its deliveries have ended')
    .action((type: string, pairs: string[], options: EmitOptions) =>
      run(async () => {
        const client = await doors.client(options);
        return emitCommand(
          terminal,
          client,
          () => doors.paths(options),
          () => newId(Date.now()),
          type,
          pairs,
          options,
        );
      }),
    );
  program
    .command('tail')
    .description('events, decisions and deliveries as they happen')
    .action((options: CommonOptions) => run(async () => tailCommand(terminal, await doors.client(options), options)));
}

function deadVerbs(program: Command, { terminal, doors, run }: Kit): void {
  const dead = program.command('dead').description('what could not be delivered');
  const filtered = (command: Command): Command =>
    command
      .option('--channel <channel>', 'of this channel')
      .option('--rule <rule>', 'of this rule')
      .option('--class <class>', 'permanent, exhausted, expired, unknown or internal')
      .option('--since <time>', 'dead since a time, or a duration ago');
  filtered(dead.command('list'))
    .description('every dead letter, a line each')
    .action((options: ResendOptions) => run(async () => listCommand(terminal, await doors.dead(options), options)));
  dead
    .command('show')
    .description('one whole')
    .argument('<id>')
    .action((id: string, options: CommonOptions) =>
      run(async () => showCommand(terminal, await doors.dead(options), id, options)),
    );
  filtered(dead.command('resend'))
    .description('send again, oldest first, after showing the plan')
    .argument('[id...]', 'which; - reads them from standard input')
    .option('--all', 'every one')
    .option('--to <channel>', 'by another channel')
    .option('--requeue', "decide anew by today's rules")
    .option('--dry-run', 'only the plan')
    .option('--yes', 'do not ask')
    .action((ids: string[], options: ResendOptions) =>
      run(async () => resendCommand(terminal, await doors.dead(options), ids, options)),
    );
  dead
    .command('drop')
    .description('take it out of the file for good')
    .argument('<id...>', 'which; - reads them from standard input')
    .option('--yes', 'do not ask')
    .action((ids: string[], options: ResendOptions) =>
      run(async () => dropCommand(terminal, await doors.dead(options), ids, options)),
    );
}

function channelVerbs(program: Command, { terminal, doors, run }: Kit): void {
  for (const verb of ['hold', 'release'] as const) {
    program
      .command(verb)
      .description(verb === 'hold' ? 'pause a channel; its deliveries wait' : 'let a held channel go on')
      .argument('<channel>')
      .action((name: string, options: CommonOptions) =>
        run(async () => holdCommand(terminal, await doors.client(options), verb, name, options)),
      );
  }
  const channel = program.command('channel').description('the ways out');
  channel
    .command('list')
    .description('every channel and how it is')
    .action((options: CommonOptions) =>
      run(async () => channelListCommand(terminal, await doors.client(options), options)),
    );
  channel
    .command('test')
    .description('send a real test message and print the receipt, or the error with its class')
    .argument('<channel>')
    .action((name: string, options: CommonOptions) =>
      run(async () => channelTestCommand(terminal, await doors.client(options), name, options)),
    );
}

function ruleVerbs(program: Command, { terminal, registry, doors, config, run }: Kit): void {
  program
    .command('check')
    .description('validate rules: every problem with its place, an excerpt and what to do')
    .argument('[path...]', 'files or directories (default: the rules directory)')
    .addOption(new Option('--format <format>', 'how').choices(CHECK_FORMATS).default('text'))
    .option('--without-secrets', 'let stand-ins take the places of references that cannot be resolved')
    .action((given: string[], options: CommonOptions & { format: string; withoutSecrets?: true }) => {
      const paths = given.length > 0 ? given : [config(options)];
      const format = options.json ? 'json' : options.format;
      const withoutSecrets = options.withoutSecrets === true;
      return run(() => checkCommand({ paths, format, withoutSecrets, registry, terminal }));
    });
  program
    .command('explain')
    .description('what every rule makes of an event, and why; exit 3 when none matches it')
    .argument('<event>', 'a file, - for standard input, or the id of a past event')
    .option('--rule <rule>', 'of this rule only')
    .option('--at <time>', 'as if it came at this time')
    .action((event: string, options: ExplainOptions) =>
      run(async () => {
        const client = await doors.client(options);
        return explainCommand({ terminal, client, config: config(options), registry }, event, options);
      }),
    );
  program
    .command('test')
    .description('run the tests of rules (*.test.yaml) on a virtual clock')
    .argument('[path...]', 'files or directories (default: the rules directory)')
    .option('--watch', 'again after every change')
    .option('--junit <file>', 'write the results as JUnit XML')
    .action((given: string[], options: TestOptions) => {
      const rules = config(options);
      const paths = given.length > 0 ? given : [rules];
      const scrubber = new Scrubber();
      const log = openLog({ level: 'error', format: 'text' }, scrubber, terminal.stderr);
      const parts = { env: terminal.env, tools: toolsOf(registry), sourceTypes, log, scrubber };
      return run(() => testCommand({ terminal, parts, paths, config: rules, options }));
    });
  program
    .command('init')
    .description('a starter rules directory')
    .argument('[dir]', 'where', 'rules')
    .action((dir: string) => run(() => initCommand({ dir, terminal })));
  program
    .command('schema')
    .description('print a JSON schema')
    .addArgument(new Argument('<name>', 'which').choices(['rules', 'tests', 'event', 'dead-letter']))
    .action((name: string) => run(() => schemaCommand({ name, registry, terminal })));
}

function shellVerbs(program: Command, { terminal, version, run }: Kit): void {
  program
    .command('completion')
    .description('a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .action((shell: string) => run(async () => (terminal.stdout.write(completionScript(program, shell)), 0)));
  program
    .command('version')
    .description('print the version')
    .action((options: CommonOptions) =>
      run(async () => (line(terminal, options.json ? JSON.stringify({ version }) : version), 0)),
    );
}
