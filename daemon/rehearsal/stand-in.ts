/** What stands in for a secret that is not there, by the name that it is asked for: tests need no credentials. */
const STAND_INS: readonly (readonly [name: RegExp, text: string])[] = [
  [/port$/i, '2525'],
  [/whsec|standard_?webhook/i, 'whsec_c3RhbmQtaW4tc3RhbmQtaW4tc3RhbmQtaW4='],
  [/url|endpoint|webhook|api$|smtp$/i, 'https://stand-in.invalid/'],
  [/mail|address|recipient|^to$|_to$|from/i, 'stand-in@example.invalid'],
  [/host|server/i, 'stand-in.invalid'],
];

/** `env:SMTP_PASSWORD` -> a text of the kind that its name promises. */
export function standIn(body: string): string {
  const name = body.slice(body.indexOf(':') + 1);
  return STAND_INS.find(([pattern]) => pattern.test(name))?.[1] ?? 'stand-in';
}
