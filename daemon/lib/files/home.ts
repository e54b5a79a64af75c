import { homedir } from 'node:os';

/** Replaces a leading `~` of a path by the home of the current user. */
export function expandHome(file: string): string {
  return file === '~' || file.startsWith('~/') ? `${homedir()}${file.slice(1)}` : file;
}
