import { rootCertificates } from 'node:tls';
import type { MissingReference } from './references.ts';

const URL_TEXT = 'https://stand-in.invalid';
const PORT = '2525';
const HOST = 'stand-in.invalid';
const SIGNING_SECRET = 'whsec_c3RhbmQtaW4tc3RhbmQtaW4tc3RhbmQtaW4=';

interface Guess {
  readonly text: string;
  readonly before?: RegExp;
  readonly after?: RegExp;
  readonly name?: RegExp;
}

/** First guesses, by the text around the reference, then by its name. */
const GUESSES: readonly Guess[] = [
  { after: /^:\/\//, text: 'https' },
  { before: /\/\/[^/]*$/, after: /^(?::[^/]*)?@/, text: 'stand-in' },
  { before: /(?::\/\/|@)$/, text: HOST },
  { before: /\/\/[^/]*:$/, after: /^[^@]*$/, text: PORT },
  { before: /^$/, after: /^\//, text: URL_TEXT },
  { name: /port$/i, text: PORT },
  { name: /whsec|standard_?webhook/i, text: SIGNING_SECRET },
  { name: /smtp$/i, text: 'smtp://stand-in.invalid' },
  { name: /url|endpoint|webhook|api$|site/i, text: URL_TEXT },
  { name: /mail|address|recipient|^to$|_to$|from/i, text: 'stand-in@example.invalid' },
  { name: /host|server/i, text: HOST },
];

/** Texts of every form that a setting may want. */
const FORMS: readonly string[] = [
  'stand-in',
  URL_TEXT,
  'smtp://stand-in.invalid',
  'stand-in@example.invalid',
  '+4930123456',
  SIGNING_SECRET,
  HOST,
  '/stand-in',
  '10',
  PORT,
  '10s',
  '10/1m',
  '64KiB',
  'true',
  'UTC',
  '09:00',
  'mon',
  '2026-01-01T00:00:00Z',
  '192.0.2.1',
  '0 9 * * *',
  '127.0.0.1:8765',
  '200-299',
  rootCertificates[0]!,
];

/** A place with several references has the product of their texts; these are enough for the parts of a URL. */
const MOST_TRIES = 60;

interface Place {
  readonly choices: (readonly string[])[];
  tries: number;
  named: boolean;
}

/** Texts in place of references that cannot be resolved: at each place those that its setting takes, found by trying. */
export class StandIns {
  readonly #places = new Map<string, Place>();

  textFor({ pointer, index, body, before, after }: MissingReference): string {
    const place = this.#places.get(pointer) ?? { choices: [], tries: 0, named: false };
    this.#places.set(pointer, place);
    place.choices[index] ??= choicesFor(body, before, after);
    return chosen(place, index);
  }

  /** Takes other texts where the present ones did not fit; `rejected` has these places, and words that fit there. False when there are none left. */
  change(rejected: ReadonlyMap<string, readonly string[]>): boolean {
    let changed = false;
    for (const [pointer, words] of rejected) {
      const place = this.#places.get(pointer);
      if (place !== undefined && another(place, words)) changed = true;
    }
    return changed;
  }
}

function choicesFor(body: string, before: string, after: string): readonly string[] {
  const name = body.slice(body.indexOf(':') + 1);
  const guess = GUESSES.find(
    (one) => (one.before?.test(before) ?? true) && (one.after?.test(after) ?? true) && (one.name?.test(name) ?? true),
  );
  return [...new Set([...(guess === undefined ? [] : [guess.text]), ...FORMS])];
}

/** Counts through the product of the choices, the first reference fastest. */
function chosen({ choices, tries }: Place, index: number): string {
  let rest = tries;
  for (const earlier of choices.slice(0, index)) rest = Math.floor(rest / earlier.length);
  const own = choices[index]!;
  return own[rest % own.length]!;
}

function another(place: Place, words: readonly string[]): boolean {
  const [only, ...others] = place.choices;
  if (words.length > 0 && others.length === 0 && !place.named) {
    Object.assign(place, { choices: [[...new Set([...words, ...only!])]], tries: 0, named: true });
    return true;
  }
  const all = place.choices.reduce((product, { length }) => product * length, 1);
  if (place.tries + 1 >= Math.min(all, MOST_TRIES)) return false;
  place.tries += 1;
  return true;
}
