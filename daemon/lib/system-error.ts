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

/** Message for a system error about a file, with its code; undefined for other errors. */
export function systemErrorText(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const message = error instanceof Error && code !== undefined ? MESSAGES[code] : undefined;
  return message && `${message} (${code})`;
}
