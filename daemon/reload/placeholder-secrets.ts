import { rootCertificates } from 'node:tls';
import type { MissingReference } from './references.ts';

const URL_TEXT = 'https://placeholder.invalid';
const PORT = '2525';
const HOST = 'placeholder.invalid';
const SIGNING_SECRET = 'whsec_c3RhbmQtaW4tc3RhbmQtaW4tc3RhbmQtaW4=';

interface FirstChoice {
  readonly text: string;
  readonly before?: RegExp;
  readonly after?: RegExp;
  readonly name?: RegExp;
}

/** First placeholders, chosen by the text around the reference, then by its name. */
const FIRST_CHOICES: readonly FirstChoice[] = [
  { after: /^:\/\//, text: 'https' },
  { before: /\/\/[^/]*$/, after: /^(?::[^/]*)?@/, text: 'placeholder' },
  { before: /(?::\/\/|@)$/, text: HOST },
  { before: /\/\/[^/]*:$/, after: /^[^@]*$/, text: PORT },
  { before: /^$/, after: /^\//, text: URL_TEXT },
  { name: /port$/i, text: PORT },
  { name: /whsec|standard_?webhook/i, text: SIGNING_SECRET },
  { name: /smtp$/i, text: 'smtp://placeholder.invalid' },
  { name: /url|endpoint|webhook|api$|site/i, text: URL_TEXT },
  { name: /mail|address|recipient|^to$|_to$|from/i, text: 'placeholder@example.invalid' },
  { name: /host|server/i, text: HOST },
];

/** Texts of every form that a setting may need. */
const FORMS: readonly string[] = [
  'placeholder',
  URL_TEXT,
  'smtp://placeholder.invalid',
  'placeholder@example.invalid',
  '+4930123456',
  SIGNING_SECRET,
  // As long as a key and as an IV of AES.
  'placeholder-0016',
  'placeholder1',
  HOST,
  '/placeholder',
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

/** Combinations that are tried for a setting with several references; enough for the parts of a URL. */
const MAX_TRIES = 60;

/** Setting with references that cannot be resolved. */
interface UnresolvedSetting {
  readonly choices: (readonly string[])[];
  tries: number;
  /** The first choices are texts that the setting is known to accept. */
  hasAccepted: boolean;
}

/** Placeholders for references that cannot be resolved. They are tried until the setting accepts one. */
export class PlaceholderSecrets {
  readonly #settings = new Map<string, UnresolvedSetting>();

  textFor({ pointer, index, body, before, after }: MissingReference): string {
    const setting = this.#settings.get(pointer) ?? { choices: [], tries: 0, hasAccepted: false };
    this.#settings.set(pointer, setting);
    setting.choices[index] ??= choicesFor(body, before, after);
    return chosen(setting, index);
  }

  /** Chooses other placeholders for the settings in `rejected`, whose values are texts that the setting accepts, if known. False when there are none left. */
  change(rejected: ReadonlyMap<string, readonly string[]>): boolean {
    let changed = false;
    for (const [pointer, accepted] of rejected) {
      const setting = this.#settings.get(pointer);
      if (setting !== undefined && chooseNext(setting, accepted)) changed = true;
    }
    return changed;
  }
}

function choicesFor(body: string, before: string, after: string): readonly string[] {
  const name = body.slice(body.indexOf(':') + 1);
  const first = FIRST_CHOICES.find(
    (one) => (one.before?.test(before) ?? true) && (one.after?.test(after) ?? true) && (one.name?.test(name) ?? true),
  );
  return [...new Set([...(first === undefined ? [] : [first.text]), ...FORMS])];
}

/** The combination number `tries` of the choices; the choice of the first reference changes fastest. */
function chosen({ choices, tries }: UnresolvedSetting, index: number): string {
  let rest = tries;
  for (const earlier of choices.slice(0, index)) rest = Math.floor(rest / earlier.length);
  const own = choices[index]!;
  return own[rest % own.length]!;
}

function chooseNext(setting: UnresolvedSetting, accepted: readonly string[]): boolean {
  const [only, ...others] = setting.choices;
  if (accepted.length > 0 && others.length === 0 && !setting.hasAccepted) {
    Object.assign(setting, { choices: [[...new Set([...accepted, ...only!])]], tries: 0, hasAccepted: true });
    return true;
  }
  const all = setting.choices.reduce((product, { length }) => product * length, 1);
  if (setting.tries + 1 >= Math.min(all, MAX_TRIES)) return false;
  setting.tries += 1;
  return true;
}
