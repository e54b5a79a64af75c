/** errno(3) of what a person has to change before a file can be used. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'nothing can be made there',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'a part of the path is no folder',
  EISDIR: 'a folder stands where a file should be',
  ELOOP: 'it leads through symbolic links in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/** An error of the system about a file in plain words, with its code; undefined for one that no person can mend there. */
export function systemErrorText(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const words = error instanceof Error && code !== undefined ? WORDS[code] : undefined;
  return words && `${words} (${code})`;
}
