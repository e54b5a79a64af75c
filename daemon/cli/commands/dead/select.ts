import type { Command } from 'commander';
import { DEAD_CLASSES, type DeadLetter } from '../../../core/delivery/delivery.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import type { Parameters, ValuesOf } from '../../../core/values/parameter.ts';
import { TIME_OR_AGO, resolveTime, NAME, oneOf } from '../../../core/values/value-kind.ts';
import { daemonOptions, filterOptions } from '../../options.ts';
import { confirm } from '../../render/progress.ts';
import { CommandError, readAll, type Terminal } from '../../render/terminal.ts';

/** Filters that select dead letters. */
const DEAD_FILTERS = {
  channel: { kind: NAME, about: 'the channel of the dead letter' },
  rule: { kind: NAME, about: 'the rule of the dead letter' },
  class: { kind: oneOf(DEAD_CLASSES), about: DEAD_CLASSES.join(', ') },
  since: { kind: TIME_OR_AGO, about: 'dead since this time, or this duration ago' },
} as const satisfies Parameters;

export type DeadFilter = ValuesOf<typeof DEAD_FILTERS>;

/** Options of the verbs that select dead letters by filters. */
export function selectOptions(command: Command): Command {
  return filterOptions(daemonOptions(command), DEAD_FILTERS);
}

/** Test whether a dead letter fits all filters that are given; durations count back from `now`. */
export function filterOf(options: DeadFilter, now: number): (letter: DeadLetter) => boolean {
  const since = options.since === undefined ? undefined : resolveTime(options.since, now);
  return (letter) =>
    (options.channel === undefined || letter.channel === options.channel) &&
    (options.rule === undefined || letter.rule === options.rule) &&
    (options.class === undefined || letter.class === options.class) &&
    (since === undefined || Date.parse(letter.dead_at) >= since);
}

export function isFiltered(options: DeadFilter): boolean {
  return Object.keys(options).some((name) => Object.hasOwn(DEAD_FILTERS, name));
}

/** Ids as given; `-` means the ids on standard input, one a line. */
export async function idsOf(terminal: Terminal, given: readonly string[]): Promise<readonly string[]> {
  const listed = given.filter((id) => id !== '-');
  if (listed.length === given.length) return listed;
  // Accepts ids and lines of `dead list --json`.
  const read = (await readAll(terminal.stdin))
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  return [
    ...listed,
    ...read.map((text) => (text.startsWith('{') ? String((JSON.parse(text) as { id?: unknown }).id) : text)),
  ];
}

/** Asks before something is sent or removed; rejects unless a person agrees or `--yes` was given. */
export async function requireConsent(
  terminal: Terminal,
  yes: boolean | undefined,
  stdinUsed: boolean,
  question: string,
): Promise<void> {
  if (yes) return;
  if (stdinUsed || terminal.stdin.isTTY !== true)
    throw new CommandError(EXIT.usage, 'there is no terminal to ask on; give --yes');
  if (!(await confirm(terminal, question))) throw new CommandError(EXIT.failed, 'nothing was done');
}
