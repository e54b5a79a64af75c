import { EXIT } from '../../../core/problems/failure.ts';
import { count } from '../../../core/values/value-kind.ts';
import type { GenerationView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedOption } from '../../options.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';

interface HistoryOptions extends CommonOptions {
  readonly limit?: number;
  readonly brief?: boolean;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;
/** Names of a change that are shown on its line. */
const MAX_NAMED = 10;

export const declareHistory: Verb = (rules, { terminal, access, run }) => {
  daemonOptions(rules.command('history'))
    .description('list the last reloads that changed the rules or were refused, the latest first')
    .addOption(
      new TypedOption('--limit <number>', count(1, MAX_LIMIT), `number of reloads (default: ${DEFAULT_LIMIT})`),
    )
    .option('--brief', 'leave out the lines that differ')
    .action((options: HistoryOptions) => run(async () => history(terminal, await access.client(options), options)));
};

async function history(terminal: Terminal, client: Client, options: HistoryOptions): Promise<number> {
  const { generations } = await client.call<{ generations: readonly GenerationView[] }>(
    'GET',
    `/v1/generations?limit=${options.limit ?? DEFAULT_LIMIT}`,
  );
  const style = styleOf(terminal, options);
  for (const one of generations) {
    if (options.json) jsonLine(terminal, one);
    else for (const text of linesOf(one, style, options.brief !== true)) line(terminal, text);
  }
  return EXIT.ok;
}

function linesOf(one: GenerationView, { paint, time }: Style, withDiff: boolean): readonly string[] {
  const { generation, at, by, result, problems, notes } = one;
  const painted = paint(result === 'applied' ? 'green' : result === 'partial' ? 'yellow' : 'red', result);
  return [
    `${time(at)}  generation ${generation}  ${painted} by ${by}`,
    ...(['added', 'changed', 'removed'] as const).flatMap((verb) => namesLine(verb, one)),
    ...one.restart_needed.map((what) => `  ${what} takes effect after a restart`),
    ...notes.map((note) => `  ${harmless(note)}`),
    ...problems.map(({ file, line: number, column, message, mend }) =>
      paint('red', `  ${harmless(`${file}:${number}:${column}: ${message}; ${mend}`)}`),
    ),
    ...(withDiff ? diffLines(one, paint) : []),
    '',
  ];
}

function namesLine(verb: 'added' | 'changed' | 'removed', one: GenerationView): readonly string[] {
  const names = one[verb].slice(0, MAX_NAMED);
  const more = one.counts[verb] - names.length;
  if (names.length === 0) return [];
  return [harmless(`  ${verb} ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`)];
}

function diffLines({ diff, diff_omitted: omitted = 0 }: GenerationView, paint: Style['paint']): readonly string[] {
  return [
    ...diff.flatMap(({ file, line: number, text }) => [
      paint('grey', `  ${harmless(file)}:${number}`),
      ...text
        .split('\n')
        .slice(0, -1)
        .map((one) => `    ${colouredLine(harmless(one), paint)}`),
    ]),
    ...(omitted > 0 ? [`  ${omitted} more rules differ`] : []),
  ];
}

function colouredLine(text: string, paint: Style['paint']): string {
  if (text.startsWith('+')) return paint('green', text);
  return text.startsWith('-') ? paint('red', text) : text;
}
