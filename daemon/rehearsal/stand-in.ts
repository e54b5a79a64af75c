/** What stands in for a secret that is not there, by the name that it is asked for: tests need no credentials. */
const BY_NAME: readonly (readonly [name: RegExp, text: string])[] = [
  [/port$/i, '2525'],
  [/whsec|standard_?webhook/i, 'whsec_c3RhbmQtaW4tc3RhbmQtaW4tc3RhbmQtaW4='],
  [/url|endpoint|webhook|api$|smtp$/i, 'https://stand-in.invalid/'],
  [/mail|address|recipient|^to$|_to$|from/i, 'stand-in@example.invalid'],
  [/host|server/i, 'stand-in.invalid'],
];

/** What settings may want that do not take just any text. */
const OTHERS: readonly string[] = [
  'stand-in',
  'https://stand-in.invalid/',
  'https://stand-in.invalid',
  'smtps://stand-in.invalid',
  'stand-in@example.invalid',
  '+4930123456',
  'whsec_c3RhbmQtaW4tc3RhbmQtaW4tc3RhbmQtaW4=',
  'stand-in.invalid',
  '/stand-in',
  '2525',
  '10s',
  'true',
  'UTC',
  '192.0.2.1',
  '0 9 * * *',
];

/** The texts that stand in for references: for each one the first that its setting takes. */
export class StandIns {
  readonly #choices = new Map<string, readonly string[]>();

  /** `env:SMTP_PASSWORD` -> a text of the kind that its name promises. */
  text(body: string): string {
    const known = this.#choices.get(body);
    const choices = known ?? choicesFor(body.slice(body.indexOf(':') + 1));
    if (known === undefined) this.#choices.set(body, choices);
    return choices[0]!;
  }

  /** The present text of a reference was not taken: another one from now on. False when there is none, or it is not stood in for. */
  another(body: string): boolean {
    const choices = this.#choices.get(body) ?? [];
    if (choices.length < 2) return false;
    this.#choices.set(body, choices.slice(1));
    return true;
  }
}

function choicesFor(name: string): readonly string[] {
  const first = BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? OTHERS[0]!;
  return [first, ...OTHERS.filter((text) => text !== first)];
}
