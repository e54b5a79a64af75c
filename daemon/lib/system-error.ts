/** Messages for codes of errno(3) that a person can mend. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'nothing can be created there',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a part of the path is not a folder',
  EISDIR: 'a folder stands where a file should be',
  ELOOP: 'it leads through symbolic links in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/** Message for a system error about a file, with its code; undefined for errors that a person cannot mend. */
export function systemErrorText(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const words = error instanceof Error && code !== undefined ? WORDS[code] : undefined;
  return words && `${words} (${code})`;
}
