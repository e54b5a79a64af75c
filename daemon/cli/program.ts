import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { configPath } from '../app/state/paths.ts';
import { EXIT } from '../core/problems/failure.ts';
import { systemClock } from '../lib/time/clock.ts';
import { VERBS } from './commands/index.ts';
import { DaemonAccess } from './connection/access.ts';
import { untilInterrupted } from './connection/interruption.ts';
import type { CommandContext } from './context.ts';
import { commonOptions, refuseRepeats } from './options.ts';
import { CommandError, type Terminal } from './render/terminal.ts';

/** The exit code of a command that a signal ended before it was done. */
export const INTERRUPTED = EXIT.interrupted;

/** Command tree of the verbs with these names, or of all; `exit` gets the exit code of the verb that ran. */
export async function commandTree(
  terminal: Terminal,
  version: string,
  exit: (code: number) => void,
  names: readonly string[] = Object.keys(VERBS),
): Promise<Command> {
  const program = new Command('belfry')
    .description('Turns events into notifications by rules written in YAML, and loses none of them.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'belfry: ')),
    })
    .showSuggestionAfterError();
  const context = contextOf(terminal, version, exit);
  const loaded = await Promise.all(names.map((name) => VERBS[name]!()));
  for (const { verb } of loaded) verb(program, context);
  for (const command of leafCommands(program)) {
    commonOptions(command).exitOverride();
    refuseRepeats(command);
  }
  return program;
}

function contextOf(terminal: Terminal, version: string, exit: (code: number) => void): CommandContext {
  const access = new DaemonAccess(terminal, version, systemClock);
  return {
    terminal,
    version,
    clock: systemClock,
    access,
    config: ({ config }) => configPath(config, terminal.env, terminal.cwd, existsSync),
    wholeTree: () => commandTree(terminal, version, exit),
    async run(action, graceMs = 0) {
      const closed = async (): Promise<number> => {
        try {
          return await action();
        } finally {
          await access.close();
        }
      };
      exit(await untilInterrupted(closed(), terminal.interrupted, graceMs, systemClock));
    },
  };
}

/** Parses the command line and runs one verb. Resolves to the exit code, also after an error of the user. */
export async function runProgram(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  let exit: number = EXIT.ok;
  const [name] = argv;
  const names = name !== undefined && Object.hasOwn(VERBS, name) ? [name] : undefined;
  const keep = (code: number): void => {
    exit = code;
  };
  try {
    const program = await commandTree(terminal, version, keep, names);
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    return exitFor(error, terminal);
  }
}

function leafCommands(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leafCommands);
}

function exitFor(error: unknown, terminal: Terminal): number {
  // Commander has printed its own message; help and version are not errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = error instanceof CommandError || (error instanceof Error && 'exit' in error);
  const failure = error as Error & { exit?: number };
  terminal.stderr.write(`belfry: ${known ? failure.message : (failure.stack ?? String(error))}\n`);
  return known && typeof failure.exit === 'number' ? failure.exit : EXIT.failed;
}
