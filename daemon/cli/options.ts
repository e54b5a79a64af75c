import { Argument, type Command, Option } from 'commander';
import { EXIT } from '../core/problems/failure.ts';
import type { Parameters } from '../core/values/parameter.ts';
import { ADDRESS, duration, NAME, TOKEN, type ValueKind } from '../core/values/value-kind.ts';
import { CommandError, harmless } from './render/terminal.ts';

/** An option with a value, which is read by its kind before the verb begins. It can be given once. */
export class TypedOption extends Option {
  readonly kind: ValueKind<unknown>;

  constructor(flags: string, kind: ValueKind<unknown>, about: string) {
    super(flags, about);
    this.kind = kind;
    let given = false;
    this.argParser((text: string) => {
      if (given) throw wrongUsage(this.long!, text, 'given a second time: give it once');
      given = true;
      return readValue(this.long!, kind, text);
    });
  }
}

/** An argument, or each of several, read by its kind. */
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

/** Refuses, by the name that the user gave it, what the kind does not allow. */
export function readValue<T>(name: string, kind: ValueKind<T>, text: string): T {
  const value = kind.read(text);
  if (value === undefined) throw wrongUsage(name, text, `not allowed: give ${kind.allowed}`);
  return value;
}

function wrongUsage(name: string, text: string, why: string): CommandError {
  return new CommandError(EXIT.usage, `${name}: \`${harmless(text)}\` is ${why}`);
}

/** Options that every verb takes. */
export function commonOptions(command: Command): Command {
  return command
    .addOption(
      new TypedOption(
        '--config <path>',
        NAME,
        'rules directory or file (default: $BELFRY_CONFIG, ./rules, /etc/belfry)',
      ),
    )
    .option('--json', 'stable output for machines');
}

/** Options of the verbs that talk to the daemon. */
export function daemonOptions(command: Command): Command {
  return command
    .addOption(new TypedOption('--url <url>', ADDRESS, 'the daemon on another address than its socket'))
    .addOption(new TypedOption('--token <token>', TOKEN, 'token for --url (default: $BELFRY_TOKEN)'))
    .addOption(
      new TypedOption(
        '--timeout <duration>',
        duration({ least: 1 }),
        'wait no longer for an answer (default: as long as it takes)',
      ),
    );
}

/** An option for each parameter of the API, such as `--since <time>`. */
export function filterOptions(command: Command, filters: Parameters): Command {
  for (const [name, { kind, about }] of Object.entries(filters))
    command.addOption(
      new TypedOption(`--${name} <${PLACEHOLDERS[kind.name] ?? name}>`, kind, about.replaceAll('`', '')),
    );
  return command.addHelpText('after', '\nAll filters that are given must fit; each is given once.');
}

const PLACEHOLDERS: Readonly<Record<string, string>> = { moment: 'time', count: 'number' };
