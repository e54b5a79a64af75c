import type { Command } from 'commander';

/** What follows each path of verbs (`dead`, `dead resend`): sub-commands, then long options. */
type Words = ReadonlyMap<string, readonly string[]>;

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (words: Words) => string>> = { bash, zsh, fish };

/** A completion script made from the command tree itself, so that it cannot fall behind. */
export function completionScript(program: Command, shell: Shell): string {
  const words = new Map<string, readonly string[]>();
  collect(program, '', words);
  return SCRIPTS[shell](words);
}

function collect(command: Command, path: string, words: Map<string, readonly string[]>): void {
  const options = command.options.map((option) => option.long ?? '').filter((long) => long !== '');
  words.set(path, [...command.commands.map((child) => child.name()), ...options]);
  for (const child of command.commands) collect(child, `${path} ${child.name()}`.trim(), words);
}

function bash(words: Words): string {
  const cases = [...words]
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

function zsh(words: Words): string {
  return `#compdef belfry
# belfry completion for zsh: belfry completion zsh > "\${fpath[1]}/_belfry"
autoload -U +X bashcompinit && bashcompinit
${bash(words)}`;
}

function fish(words: Words): string {
  const lines = [...words].flatMap(([path, next]) =>
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
