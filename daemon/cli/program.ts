import { Command, CommanderError } from 'commander';
import { EXIT } from '../core/problems/failure.ts';
import { commonOptions } from './options.ts';
import { CommandError, type Terminal } from './render/terminal.ts';
import { verbs } from './verbs/index.ts';

/** The exit code of a command that a signal ended before it was done. */
export const INTERRUPTED = EXIT.interrupted;

/** Every verb with its arguments and options; `exit` gets the exit code of the one that ran. */
export function commandTree(terminal: Terminal, version: string, exit: (code: number) => void): Command {
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
  verbs(program, terminal, version, exit);
  for (const command of leaves(program)) commonOptions(command).exitOverride();
  return program;
}

/** Parses the command line and runs one verb. Resolves to the exit code; never rejects for what a user can understand. */
export async function runProgram(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  let exit: number = EXIT.ok;
  const program = commandTree(terminal, version, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    return exitFor(error, terminal);
  }
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function exitFor(error: unknown, terminal: Terminal): number {
  // Commander has printed its own message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = error instanceof CommandError || (error instanceof Error && 'exit' in error);
  const failure = error as Error & { exit?: number };
  terminal.stderr.write(`belfry: ${known ? failure.message : (failure.stack ?? String(error))}\n`);
  return known && typeof failure.exit === 'number' ? failure.exit : EXIT.failed;
}
