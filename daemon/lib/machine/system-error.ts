import { constants } from 'node:os';

/** Messages for codes of errno(3) whose cause a person can remove. */
const MESSAGES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'nothing can be created there',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a part of the path is not a folder',
  EISDIR: 'it is a folder, not a file',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'the path is too long',
};

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
);

const DISK_FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/**
 * Name of the code of a system error. Node.js knows no name for some, such as EDQUOT: their code is `Unknown system error -122`, or
 * `UNKNOWN` where the call was synchronous.
 */
export function systemErrorCode(error: unknown): string | undefined {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (code === undefined || errno === undefined || code in constants.errno) return code;
  return NAMES.get(-errno) ?? code;
}

/** Whether an error says that the disk is full, or the quota of the user is exhausted. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.includes(systemErrorCode(error));
}

/** Message of an error, with the name of its code: `EDQUOT, open '/var/lib/belfry/token'`. */
export function messageOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const name = systemErrorCode(error) ?? code;
  if (name === code) return message;
  return [code, 'unknown error'].reduce(
    (text, unknown) => text.replaceAll(`${unknown}: `, '').replace(unknown, name),
    message,
  );
}

/** Message for a system error about a file, with its code; undefined for other errors. */
export function systemErrorText(error: unknown): string | undefined {
  const code = systemErrorCode(error);
  const message = error instanceof Error && code !== undefined ? MESSAGES[code] : undefined;
  return message && `${message} (${code})`;
}
