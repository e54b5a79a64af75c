import { stat } from 'node:fs/promises';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import type { DoctorCheck, ExaminedSecret } from '../check.ts';
import { ANYBODY, closedAt } from '../permissions.ts';

/** Values that people leave in place of a secret. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^\$\w+$/,
  /^\$\{.*\}$/s,
  /^(?:change[-_ ]?(?:me|it|this)|replace[-_ ]?me|fix[-_ ]?me|to[-_ ]?do|placeholder|secret|password|dummy|null|undefined)$/i,
  /^(?:your|my|the)[-_ ].*(?:token|key|secret|password|url|here)$/i,
  /^<.*>$/s,
  /^(?:x{3,}|\*{3,}|\.{3,}|-{3,})$/i,
];

const GROUP_OR_OTHERS = 0o077;
const OTHERS = 0o007;

export const secretChecks: readonly DoctorCheck[] = [
  {
    name: 'secrets.private',
    group: 'secrets',
    about: 'A file with a secret can be read by other users of this machine.',
    mend: 'run `chmod 600` on it, and `chown` it to the user that runs belfry',
    run: async ({ secrets }) => await privateResults(secrets),
  },
  {
    name: 'secrets.empty',
    group: 'secrets',
    about: 'A reference to a secret has an empty value.',
    mend: 'write the secret into the file or variable; a variable that is set and empty counts as a value',
    run: ({ secrets }) =>
      each(
        secrets.filter(({ value }) => value !== undefined && value.trim() === ''),
        (secret) => fail(`${nameOf(secret)} is empty`),
        'no secret is empty',
      ),
  },
  {
    name: 'secrets.placeholder',
    group: 'secrets',
    about: 'A secret is still `$NAME`, `changeme` or another placeholder.',
    mend: 'write the real secret; a program that reads env files or templates may not have replaced it',
    run: ({ secrets }) =>
      each(
        secrets.filter(({ value = '' }) => PLACEHOLDERS.some((pattern) => pattern.test(value.trim()))),
        (secret) => fail(`${nameOf(secret)} holds a placeholder and no secret`),
        'no secret is a placeholder',
      ),
  },
  {
    name: 'secrets.environment',
    group: 'secrets',
    about: 'Secrets come from environment variables, which other programs of the same user and crash reports can show.',
    mend: 'use `${credential:NAME}` with `LoadCredential=` in the systemd unit, or `${file:PATH}`',
    run({ secrets }, { env }) {
      const variables = [...new Set(secrets.filter(({ isVariable }) => isVariable).map(({ name }) => name))];
      if (variables.length === 0) return [ok('no secret comes from an environment variable')];
      // Containers pass secrets in no other way.
      const isUnit = env.INVOCATION_ID !== undefined;
      const text = `${variables.join(', ')} ${variables.length === 1 ? 'comes' : 'come'} from the environment`;
      return [isUnit ? warn(text) : ok(text)];
    },
  },
];

async function privateResults(secrets: readonly ExaminedSecret[]): Promise<readonly DoctorResult[]> {
  const files = new Set(
    secrets.filter(({ value = '' }) => !isPublic(value)).flatMap(({ secretFile }) => secretFile ?? []),
  );
  const open: DoctorResult[] = [];
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    const mode = (found?.mode ?? 0) & GROUP_OR_OTHERS;
    const text = `${file} has the mode ${((found?.mode ?? 0) & 0o777).toString(8)}`;
    // A closed folder above it protects the file too.
    const isOpen = (mode & OTHERS) !== 0 && (await closedAt(file, ANYBODY)) === undefined;
    if (isOpen) open.push(fail(`${text}: every user of this machine can read or edit the secret`));
    else if ((mode & 0o020) !== 0) open.push(warn(`${text}: its group can edit the secret`));
  }
  return open.length === 0 ? [ok(`${files.size} files with secrets are private`)] : open;
}

/** Whether a value holds certificates alone, which everybody may read. */
const isPublic = (value: string): boolean =>
  value.includes('-----BEGIN CERTIFICATE-----') && !value.includes('PRIVATE KEY-----');

const nameOf = ({ name, file }: ExaminedSecret): string => `\`${name}\` in ${file}`;

function each(
  found: readonly ExaminedSecret[],
  result: (secret: ExaminedSecret) => DoctorResult,
  none: string,
): readonly DoctorResult[] {
  return found.length === 0 ? [ok(none)] : found.map(result);
}
