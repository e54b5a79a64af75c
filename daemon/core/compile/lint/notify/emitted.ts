import type { ExpectedEvent } from '../../registry.ts';
import { API_SOURCE } from '../../../event/event.ts';

/** An event and the source whose rules run for it. */
export interface CausedEvent extends ExpectedEvent {
  readonly origin: string;
}

const SHELLS = /(?:^|\/)(?:ba|da|z|k)?sh$/;
const PROGRAM = /(?:^|\/)belfry$/;

/** Event that a command emits by `belfry emit`, at once or in the script of a shell; undefined if it does not, or if it names another daemon. */
export function emittedBy([program = '', ...args]: readonly string[]): CausedEvent | undefined {
  const script = SHELLS.test(program) && /^-\w*c$/.test(args[0] ?? '') ? (args[1] ?? '') : undefined;
  const words = script === undefined ? [program, ...args] : wordsOf(script);
  const at = words.findIndex((word, index) => PROGRAM.test(word) && (index === 0 || script !== undefined));
  if (at === -1 || words[at + 1] !== 'emit') return undefined;
  const given = words.slice(at + 2);
  if (given.some((word) => /^--(?:url|config)(?:=|$)/.test(word))) return undefined;
  const [type = '-'] = given;
  const origin = sourceIn(given);
  if (origin === undefined) return undefined;
  return { origin, data: {}, ...(isPlain(type) && { type }) };
}

/** First command of a shell script that has the name of the program, as words. */
function wordsOf(script: string): readonly string[] {
  const command = script.split(/[;&|\n()]+/).find((part) => /(?:^|\s|\/)belfry\s+emit(?:\s|$)/.test(part));
  const words = (command?.trim().split(/\s+/) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
  const at = words.findIndex((word) => PROGRAM.test(word));
  return words[0] === 'exec' || /^\w+=/.test(words[0] ?? '') ? words.slice(at) : words;
}

/** Source that is given by `--source`; undefined if only the run shows it. */
function sourceIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => /^--source(?:=|$)/.test(word));
  if (at === -1) return API_SOURCE;
  const name = words[at]!.includes('=') ? words[at]!.replace(/^--source=/, '') : (words[at + 1] ?? '-');
  return isPlain(name) ? name : undefined;
}

/** Whether a word is the same in each run, and no option. */
const isPlain = (word: string): boolean => /^[^-"'$`{}][^"'$`{}]*$/.test(word);
