import { formatDuration, parseDuration } from '../../lib/time/duration.ts';
import { suggest } from '../problems/suggest.ts';

/** Change of an alert by a button of its message. `ms`: length of a silence. */
export type ButtonChange =
  | { readonly verb: 'ack' }
  | { readonly verb: 'resolve' }
  | { readonly verb: 'silence'; readonly ms: number };

export type ButtonVerb = ButtonChange['verb'];

const VERBS: readonly ButtonVerb[] = ['ack', 'silence', 'resolve'];
/** Words of other programs for the same change. */
const OTHER_WORDS: Readonly<Record<string, ButtonVerb>> = {
  acknowledge: 'ack',
  mute: 'silence',
  snooze: 'silence',
  close: 'resolve',
};
/** A token contains the length of a silence in seconds. */
const SECOND_MS = 1000;
const MAX_SILENCE_MS = 365 * 86_400_000;

export type ReadButton =
  | { readonly ok: true; readonly change: ButtonChange; readonly text: string }
  | { readonly ok: false; readonly message: string; readonly mend: string };

/** Reads a button as it is written: `ack`, `resolve`, or `silence 1h`. `text` is the same with single blanks. */
export function readButton(written: string): ReadButton {
  const [word = '', length, ...rest] = written.trim().split(/\s+/);
  const verb = VERBS.find((one) => one === word);
  if (verb === undefined) return refused(`\`${written.slice(0, 40)}\` is not a button`, mendOf(word, length));
  if (verb !== 'silence')
    return length === undefined
      ? { ok: true, change: { verb }, text: verb }
      : refused(`\`${verb}\` takes no further word`, `write \`${verb}\``);
  if (length === undefined) return refused('`silence` does not say for how long', 'write it like `silence 1h`');
  const ms = parseDuration(length);
  if (ms === undefined || rest.length > 0)
    return refused('`silence` has no duration', 'write it like `silence 30m` or `silence 2h`');
  if (ms < SECOND_MS || ms > MAX_SILENCE_MS || ms % SECOND_MS !== 0)
    return refused('this is not a duration for a silence', 'give whole seconds, from 1s to 365d');
  return { ok: true, change: { verb, ms }, text: `silence ${length}` };
}

/** Change of a button that was checked at load. */
export function changeOf(text: string): ButtonChange | undefined {
  const read = readButton(text);
  return read.ok ? read.change : undefined;
}

/** Text of a change in the form in which it is written. */
export const buttonText = (change: ButtonChange): string =>
  change.verb === 'silence' ? `silence ${formatDuration(change.ms)}` : change.verb;

const LABELS: Readonly<Record<ButtonVerb, string>> = { ack: 'Acknowledge', silence: 'Silence', resolve: 'Resolve' };

/** Label of a button for which the rules give none: `Acknowledge`, `Silence 1h`. */
export function buttonLabel(text: string): string {
  const [verb = '', length] = text.split(' ');
  const label = LABELS[verb as ButtonVerb];
  return length === undefined ? label : `${label} ${length}`;
}

const refused = (message: string, mend: string): ReadButton => ({ ok: false, message, mend });

function mendOf(word: string, length: string | undefined): string {
  const known: Readonly<Record<string, ButtonVerb>> = {
    ack: 'ack',
    silence: 'silence',
    resolve: 'resolve',
    ...OTHER_WORDS,
  };
  const meant = Object.hasOwn(known, word.toLowerCase()) ? word.toLowerCase() : suggest(word, Object.keys(known));
  const verb = meant === undefined ? undefined : known[meant];
  if (verb === undefined) return 'there are `ack`, `silence 1h` and `resolve`; a link is `{ label: ..., url: ... }`';
  return `did you mean \`${verb === 'silence' ? `silence ${length ?? '1h'}` : verb}\`?`;
}
