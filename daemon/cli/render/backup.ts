import type { CheckedBackup } from '../../app/backup/check.ts';
import { CommandError, harmless } from './terminal.ts';
import { EXIT } from '../../core/problems/failure.ts';
import { NotRegularFile } from '../../lib/files/regular-file.ts';
import { isDiskFull, messageOf, systemErrorCode } from '../../lib/machine/system-error.ts';

/** JSON of a backup, for `backup` and `restore`. */
export function backupJson({ head, manifest, audit }: CheckedBackup): object {
  return {
    created_at: head.created_at,
    belfry: head.belfry,
    schema: manifest.schema,
    members: manifest.members,
    left_out: manifest.left_out,
    ...(audit !== undefined && audit),
  };
}

/** Lines about the content of a backup. */
export function backupLines({ manifest, audit }: CheckedBackup): string[] {
  const counted = (what: string, counts: Readonly<Record<string, number>>): string =>
    `  ${Object.values(counts).reduce((sum, count) => sum + count, 0)} ${what}${Object.entries(counts)
      .map(([name, count], index) => `${index === 0 ? ': ' : ', '}${count} ${name}`)
      .join('')}`;
  const inbox = manifest.members.filter(({ name }) => name.startsWith('inbox/')).length;
  return [
    ...(audit === undefined ? [] : [counted('events', audit.events), counted('deliveries', audit.deliveries)]),
    ...(inbox === 0 ? [] : [`  ${inbox} files in the inbox`]),
  ];
}

/** Warnings about a backup that can be used nevertheless. */
export function backupWarnings({ manifest, audit }: CheckedBackup): string[] {
  const violations = audit?.violations ?? [];
  return [
    ...manifest.left_out.map(({ name, reason }) => `not in the backup: ${harmless(name)}: ${reason}`),
    ...violations.map((violation) => `the state itself has a violation (see belfry audit): ${harmless(violation)}`),
  ];
}

/** Error for the user if the disk is full or a file cannot be used; other errors unchanged. `consequence`: what is left. */
export function fileError(error: unknown, consequence: string): unknown {
  if (error instanceof NotRegularFile)
    return new CommandError(EXIT.failed, `${error.message}; ${consequence}`, { cause: error });
  const { path } = error as NodeJS.ErrnoException;
  const code = systemErrorCode(error);
  if (!(error instanceof Error) || error instanceof CommandError || code === undefined || !/^E[A-Z]+$/.test(code))
    return error;
  // `ENOENT: no such file or directory, open 'FILE'`
  const reason = messageOf(error)
    .replace(/^E[A-Z]+: /, '')
    .replace(/, [a-z]+( '.*')*$/s, '');
  const what = isDiskFull(error) ? 'the disk is full' : reason;
  return new CommandError(EXIT.failed, `${path === undefined ? '' : `${path}: `}${what}; ${consequence}`, {
    cause: error,
  });
}
