import type { Command } from 'commander';
import { EXIT } from '../../../core/problems/failure.ts';
import { oneOf } from '../../../core/values/value-kind.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument } from '../../options.ts';
import { type CommonOptions, jsonLine } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, wholeTree, run }) => {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new TypedArgument('<shell>', oneOf(SHELLS), SHELLS.join(', ')))
    .action((shell: Shell, options: CommonOptions) =>
      run(async () => {
        const script = completionScript(await wholeTree(), shell);
        if (options.json) jsonLine(terminal, { shell, script });
        else terminal.stdout.write(script);
        return EXIT.ok;
      }),
    );
};

/** Path of verbs (`dead`, `dead resend`) -> its sub-commands and long options. */
type Completions = ReadonlyMap<string, readonly string[]>;

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (completions: Completions) => string>> = { bash, zsh, fish };

/** Completion script generated from the command tree, so that it always has every verb and option. */
function completionScript(program: Command, shell: Shell): string {
  const completions = new Map<string, readonly string[]>();
  collect(program, '', completions);
  return SCRIPTS[shell](completions);
}

function collect(command: Command, path: string, completions: Map<string, readonly string[]>): void {
  const options = command.options.map((option) => option.long ?? '').filter((long) => long !== '');
  completions.set(path, [...command.commands.map((child) => child.name()), ...options]);
  for (const child of command.commands) collect(child, `${path} ${child.name()}`.trim(), completions);
}

function bash(completions: Completions): string {
  const cases = [...completions]
    .map(([path, next]) => `    ${JSON.stringify(path)}) words=${JSON.stringify(next.join(' '))} ;;`)
    .join('\n');
  return `# belfry completion for bash: source <(belfry completion bash)
_belfry() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case "$path" in
${cases}
    esac
    [ -n "$words" ] || [ -z "$path" ] && break
    case "$path" in *" "*) path="\${path% *}" ;; *) path="" ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _belfry belfry
`;
}

function zsh(completions: Completions): string {
  return `#compdef belfry
# belfry completion for zsh: belfry completion zsh > "\${fpath[1]}/_belfry"
autoload -U +X bashcompinit && bashcompinit
${bash(completions)}`;
}

function fish(completions: Completions): string {
  const lines = [...completions].flatMap(([path, next]) =>
    next.map((word) => {
      const condition =
        path === ''
          ? '__fish_use_subcommand'
          : path
              .split(' ')
              .map((verb) => `__fish_seen_subcommand_from ${verb}`)
              .join('; and ');
      return `complete -c belfry -n '${condition}' ${word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`}`;
    }),
  );
  return `# belfry completion for fish: belfry completion fish > ~/.config/fish/completions/belfry.fish\n${lines.join('\n')}\n`;
}
