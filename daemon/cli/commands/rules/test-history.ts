import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { EXIT } from '../../../core/problems/failure.ts';
import { type TimeOrAgo, timeText } from '../../../core/values/value-kind.ts';
import type { BacktestProgress, BacktestResult, RuleComparison } from '../../../http/daemon-api.ts';
import { counted } from '../../../lib/counted.ts';
import type { Client } from '../../connection/client.ts';
import { type Style, styleOf } from '../../render/style.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  table,
  type Terminal,
} from '../../render/terminal.ts';

export interface HistoryOptions extends CommonOptions {
  readonly rule?: string;
}

export interface HistoryTest {
  readonly since: TimeOrAgo;
  /** A rules file, by whose text the rules of the daemon are replaced. */
  readonly file: string | undefined;
}

/** `belfry test --history 7d [FILE]`: what the rules would have sent, beside what was sent. Exit 3 when the history has no event of that time. */
export async function testHistory(
  terminal: Terminal,
  client: Client,
  { since, file }: HistoryTest,
  options: HistoryOptions,
): Promise<number> {
  const { rule } = options;
  const request = {
    since: timeText(since),
    ...(rule !== undefined && { rule }),
    ...(file !== undefined && { rules: await textOf(terminal, file), base: true }),
  };
  const result = await resultOf(terminal, client, request);
  if (options.json) jsonLine(terminal, result);
  else line(terminal, resultText(result, styleOf(terminal, options)));
  return result.events === 0 ? EXIT.nothing : EXIT.ok;
}

async function textOf(terminal: Terminal, given: string): Promise<string> {
  const file = path.resolve(terminal.cwd, given);
  try {
    if ((await stat(file)).isDirectory())
      throw new CommandError(EXIT.usage, `${harmless(given)} is a directory; with --history give one rules file`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CommandError(EXIT.nothing, `${harmless(given)} cannot be read (${code})`);
  }
}

/** Shows the progress on a terminal, and returns the result. */
async function resultOf(terminal: Terminal, client: Client, request: object): Promise<BacktestResult> {
  const isShown = terminal.stderr.isTTY === true;
  const { interrupted: signal } = terminal;
  let result: BacktestResult | undefined;
  for await (const item of client.lines<BacktestProgress | BacktestResult>('POST', '/v1/backtest', request, {
    signal,
  })) {
    if ('rules' in item) result = item;
    else if (isShown) terminal.stderr.write(`\r\u001B[K${Math.floor(item.progress * 100)} %  ${item.events} events`);
  }
  if (isShown) terminal.stderr.write('\r\u001B[K');
  if (result === undefined) throw new CommandError(EXIT.failed, 'interrupted; the history was not replayed to its end');
  return result;
}

function resultText(result: BacktestResult, style: Style): string {
  const { since, until, history_from: from, events, was, would, rules } = result;
  const changed = rules.filter((one) => one.added + one.removed > 0 || one.error !== undefined);
  const same = rules.length - changed.length;
  return [
    `${style.time(from ?? since)} to ${style.time(until)}: ${counted(events, 'event')}, ${would} messages instead of ${was}`,
    ...(changed.length > 0 ? [table(changed.map(rowOf))] : []),
    ...changed.flatMap((rule) => detailsOf(rule, style)),
    ...(same > 0 ? [`${counted(same, 'rule')} ${same === 1 ? 'sends' : 'send'} the same as before`] : []),
  ].join('\n');
}

function rowOf({ rule, was, would, added, removed }: RuleComparison): string[] {
  return [`  ${harmless(rule)}`, `${would} instead of ${was}`, `+${added}`, `-${removed}`];
}

function detailsOf({ rule, examples, error }: RuleComparison, { paint, time }: Style): string[] {
  return [
    ...(error === undefined ? [] : [`  ${harmless(rule)}: ${paint('red', 'error')}: ${harmless(error)}`]),
    ...examples.map(({ change, event, title, channel, at }) => {
      const sign = change === 'added' ? paint('green', '+') : paint('red', '-');
      return `  ${sign} ${time(at)}  ${harmless(rule)}  ${harmless(channel)}  ${harmless(title)}  ${harmless(event)}`;
    }),
  ];
}
