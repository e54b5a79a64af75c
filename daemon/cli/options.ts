import { Argument, type Command, Option } from 'commander';
import { EXIT } from '../core/problems/failure.ts';
import type { Parameters } from '../core/values/parameter.ts';
import { ADDRESS, duration, NAME, TOKEN, type ValueKind } from '../core/values/value-kind.ts';
import { CommandError, harmless } from './render/terminal.ts';

/** Option with a value that is parsed by its kind before the verb runs. */
export class TypedOption extends Option {
  readonly kind: ValueKind<unknown>;

  constructor(flags: string, kind: ValueKind<unknown>, about: string) {
    super(flags, about);
    this.kind = kind;
    this.argParser((text: string) => readValue(this.long!, kind, text));
  }
}

/** Argument whose value, or each of its values, is parsed by its kind. */
export class TypedArgument extends Argument {
  readonly kind: ValueKind<unknown>;

  constructor(flags: string, kind: ValueKind<unknown>, about?: string) {
    super(flags, about);
    this.kind = kind;
    const name = this.variadic ? flags.replace('...', '') : flags;
    this.argParser((text: string, before?: unknown) => {
      const value = readValue(name, kind, text);
      return this.variadic ? [...((before as unknown[] | undefined) ?? []), value] : value;
    });
  }
}

/** Parses a value. The error for an invalid one names the option. */
export function readValue<T>(name: string, kind: ValueKind<T>, text: string): T {
  const value = kind.read(text);
  if (value === undefined) throw wrongUsage(name, text, `not allowed: give ${kind.allowed}`);
  return value;
}

function wrongUsage(name: string, text: string, why: string): CommandError {
  return new CommandError(EXIT.usage, `${name}: \`${shown(text)}\` is ${why}`);
}

/** A value for a message, without the user and password of a URL. */
function shown(text: string): string {
  return harmless(text).replace(/\/\/[^/?#]*@/g, '//***@');
}

/** Refuses every option of a verb, with a value or without, that is given a second time. */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    let given = false;
    command.on(`option:${option.name()}`, (text?: string | null) => {
      if (given) throw new CommandError(EXIT.usage, `${repeated(option.long!, text)} a second time: give it once`);
      given = true;
    });
  }
}

function repeated(long: string, text: string | null | undefined): string {
  return text == null ? `${long} is given` : `${long}: \`${shown(text)}\` is given`;
}

/** Adds the options of every verb. */
export function commonOptions(command: Command): Command {
  return command
    .addOption(
      new TypedOption(
        '--config <path>',
        NAME,
        'rules directory or file (default: $BELFRY_CONFIG, ./rules, /etc/belfry)',
      ),
    )
    .option('--json', 'print JSON, whose form is stable')
    .option('--utc', 'show times in UTC, not in the time zone of this machine');
}

/** Adds the options of the verbs that talk to the daemon. */
export function daemonOptions(command: Command): Command {
  return command
    .addOption(new TypedOption('--url <url>', ADDRESS, 'URL of the daemon, in place of its socket'))
    .addOption(new TypedOption('--token <token>', TOKEN, 'token for --url (default: $BELFRY_TOKEN)'))
    .addOption(
      new TypedOption('--timeout <duration>', duration({ min: 1 }), 'longest wait for an answer (default: no limit)'),
    );
}

/** Adds the option of the verbs that ask the daemon if there is one, and work without it. */
export function offlineOption(command: Command): Command {
  return command.option('--offline', 'do not ask the daemon; use the files of this machine');
}

/** Adds an option for each parameter of the API, such as `--since <time>`. */
export function filterOptions(command: Command, filters: Parameters): Command {
  for (const [name, { kind, about }] of Object.entries(filters))
    command.addOption(
      new TypedOption(`--${name} <${PLACEHOLDERS[kind.name] ?? name}>`, kind, about.replaceAll('`', '')),
    );
  return command.addHelpText('after', '\nAll given filters must match. Each can be given once.');
}

const PLACEHOLDERS: Readonly<Record<string, string>> = { 'time or duration ago': 'time', count: 'number' };
