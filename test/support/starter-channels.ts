/** The channels file of `belfry init` with every channel set up: no line with `log`, and the lines below it without `# `. */
export function withChannelsSetUp(yaml: string): string {
  return yaml
    .replaceAll(/^ {2}(?!console)\w+: \{ type: log \}\n/gm, '')
    .replaceAll(/^ {2}# ((?: {2}|[a-z]+:$).*)$/gm, '  $1');
}
