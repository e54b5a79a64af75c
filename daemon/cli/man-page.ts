import type { Argument, Command, Option } from 'commander';

/**
 * Manual page belfry(1) of the command tree, so that it has every verb and option. Format: man(7), as groff and mandoc read it.
 * `date` is that of the release, `YYYY-MM-DD`.
 */
export function manPage(program: Command, { version, date }: { version: string; date: string }): string {
  const commands = leavesOf(program, '');
  const common = commonOptionsOf(commands);
  return [
    `.TH BELFRY 1 ${quoted(date)} ${quoted(`Belfry ${version}`)} "User Commands"`,
    section('NAME', 'belfry \\- turn events into notifications by rules'),
    section('SYNOPSIS', '.B belfry\n.I COMMAND\n[\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]'),
    section('DESCRIPTION', escaped(DESCRIPTION)),
    section('COMMANDS', commands.map((leaf) => commandText(leaf, common)).join('\n')),
    section(
      'COMMON OPTIONS',
      [...common.values()].map(({ option, paths }) => commonText(option, paths, commands.length)).join('\n'),
    ),
    section('EXIT STATUS', definitions(EXIT_STATUS)),
    section('ENVIRONMENT', definitions(ENVIRONMENT)),
    section('FILES', definitions(FILES)),
    section('SIGNALS', definitions(SIGNALS)),
    section('SEE ALSO', '.BR systemctl (1),\n.BR journalctl (1)'),
  ].join('\n');
}

const DESCRIPTION =
  'Belfry is a daemon that turns events into notifications by rules written in YAML. `belfry run` starts it. The other commands ' +
  'check and test rules, post events, and show and change the state of the daemon. A command finds the daemon that runs on its rules by ' +
  'itself; --url addresses one on another machine.';

type Definitions = readonly (readonly [name: string, text: string])[];

const EXIT_STATUS: Definitions = [
  ['0', 'done'],
  ['1', 'something failed: a test, a resend, an audit, a finding of doctor'],
  ['2', 'wrong usage, also a wrong value of an option'],
  ['3', 'nothing matched'],
  ['69', 'the daemon cannot be reached'],
  ['74', 'the disk failed; the daemon stopped, because further events could be lost'],
  ['75', 'another daemon has this state directory or its socket'],
  ['78', 'the configuration is invalid or cannot be used here; nothing was touched'],
];

const ENVIRONMENT: Definitions = [
  ['BELFRY_CONFIG', 'rules directory or file, if --config is not given'],
  ['BELFRY_TOKEN', 'token for --url, if --token is not given'],
  ['STATE_DIRECTORY, XDG_STATE_HOME', 'where the state directory is, if the rules do not set daemon.state'],
  ['RUNTIME_DIRECTORY, XDG_RUNTIME_DIR', 'where the daemon writes its address for the other commands'],
  ['CREDENTIALS_DIRECTORY', 'files that ${credential:NAME} in rules reads'],
  ['NO_COLOR', 'output without colour'],
];

const FILES: Definitions = [
  ['./rules, /etc/belfry', 'rules, if neither --config nor BELFRY_CONFIG is given'],
  ['/var/lib/belfry', 'state directory of the system service; dead-letters.jsonl in it has the failed deliveries'],
  ['~/.local/state/belfry', 'state directory of a daemon that a user runs'],
  ['/run/belfry', 'address of the running system service'],
];

const SIGNALS: Definitions = [
  ['SIGTERM, SIGINT', 'stop: attempts in flight get 20 s, other deliveries stay pending'],
  ['SIGHUP', 'reload the rules'],
];

type Leaf = readonly [path: string, command: Command];

/** Commands without sub-commands, with their path, in the order of the help. */
function leavesOf(command: Command, path: string): readonly Leaf[] {
  return command.commands.flatMap((child) => {
    const name = `${path} ${child.name()}`.trim();
    return child.commands.length > 0 ? leavesOf(child, name) : [[name, child] as const];
  });
}

type CommonOptions = ReadonlyMap<string, { readonly option: Option; readonly paths: readonly string[] }>;

/** Number of commands with the same option from which on the page explains it once, under COMMON OPTIONS. */
const MIN_SHARING = 8;

const keyOf = ({ flags, description }: Option): string => `${flags} ${description}`;

/** Options that many commands have, with the paths of these commands. */
function commonOptionsOf(commands: readonly Leaf[]): CommonOptions {
  const all = new Map<string, { option: Option; paths: string[] }>();
  for (const [path, command] of commands)
    for (const option of command.options) {
      const entry = all.get(keyOf(option)) ?? { option, paths: [] };
      entry.paths.push(path);
      all.set(keyOf(option), entry);
    }
  return new Map([...all].filter(([, { paths }]) => paths.length >= MIN_SHARING));
}

function commandText([path, command]: Leaf, common: CommonOptions): string {
  const synopsis = `\\fBbelfry ${escaped(path)}\\fR${command.registeredArguments.map(argumentText).join('')}`;
  const own = command.options.filter((option) => !option.hidden && !common.has(keyOf(option)));
  return [`.SS ${synopsis}`, escaped(sentence(command.description())), ...own.map(optionText)].join('\n');
}

function commonText(option: Option, paths: readonly string[], all: number): string {
  const scope = paths.length === all ? 'Every command has it.' : `Commands: ${paths.join(', ')}.`;
  return `${optionText(option)}. ${escaped(scope)}`;
}

const argumentText = (argument: Argument): string => {
  const name = `\\fI${escaped(argument.name())}\\fR${argument.variadic ? '...' : ''}`;
  return argument.required ? ` ${name}` : ` [${name}]`;
};

const optionText = ({ flags, description }: Option): string => `.TP\n.B ${escaped(flags)}\n${escaped(description)}`;

const section = (title: string, text: string): string => `.SH ${quoted(title)}\n${text}`;
const definitions = (list: Definitions): string =>
  list.map(([name, text]) => `.TP\n.B ${escaped(name)}\n${escaped(text)}`).join('\n');
const quoted = (text: string): string => `"${text.replaceAll('"', '\\(dq')}"`;
const sentence = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

/** Escapes text for groff: backslashes, hyphens that are copied as ASCII, and a dot or quote at the start of a line. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
