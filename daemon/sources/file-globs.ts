import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';

/** `size,mtime in nanoseconds,inode`: another one is another state of the file. */
export type FileState = string;

/** What a source looks at: the folders to begin in, and which files below them count. */
export interface Globs {
  /** Absolute; every file that counts lies in or below one of them. */
  readonly bases: readonly string[];
  counts(file: string): boolean;
  /** Nothing below it can count. */
  ignores(folder: string): boolean;
}

/** Relative globs begin where the daemon was started. */
export function compileGlobs(paths: readonly string[], ignore: readonly string[]): Globs {
  const globs = paths.map((glob) => absolute(glob));
  const isWanted = picomatch(globs, { dot: true });
  const patterns = ignore.flatMap((glob) => (glob.includes('/') ? [absolute(glob)] : [`**/${glob}`, `**/${glob}/**`]));
  const isIgnored = patterns.length === 0 ? () => false : picomatch(patterns, { dot: true });
  return {
    bases: [...new Set(globs.map(baseOf))],
    counts: (file) => isWanted(file) && !isIgnored(file),
    ignores: (folder) => isIgnored(folder) || isIgnored(`${folder}/x`),
  };
}

function absolute(glob: string): string {
  return path.isAbsolute(glob) ? glob : `${path.resolve('.')}/${glob.replace(/^\.\//, '')}`;
}

/** The folder above the first part with a wildcard; of a plain file its folder, so that one that is replaced is still seen. */
function baseOf(glob: string): string {
  const { base, isGlob } = picomatch.scan(glob);
  return isGlob ? base || '/' : path.dirname(glob);
}

export interface Scan {
  readonly files: ReadonlyMap<string, FileState>;
  /** What could not be read, for people. */
  readonly trouble: string | undefined;
}

const AT_ONCE = 32;

/** Every file that counts and its state. A folder that is not there (yet) is no trouble; one that may not be read is. Links to folders are not followed, so no tree leads out of itself. */
export async function scan(globs: Globs, signal: AbortSignal): Promise<Scan> {
  const files = new Map<string, FileState>();
  const troubles: string[] = [];
  const seen = new Set<string>();
  const walk = async (folder: string): Promise<void> => {
    if (signal.aborted || seen.has(folder) || globs.ignores(folder)) return;
    seen.add(folder);
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')
        troubles.push(`${folder} cannot be read (${error.code})`);
      return [];
    });
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(folder, entry.name));
    for (let from = 0; from < names.length; from += AT_ONCE) {
      await Promise.all(
        names.slice(from, from + AT_ONCE).map(async (file) => {
          const state = globs.counts(file) ? await stateOf(file) : undefined;
          if (state !== undefined) files.set(file, state);
        }),
      );
    }
    for (const entry of entries) if (entry.isDirectory()) await walk(path.join(folder, entry.name));
  };
  for (const base of globs.bases) await walk(base);
  return { files, trouble: troubles.length === 0 ? undefined : troubles.slice(0, 3).join('; ') };
}

/** A regular file, or a link to one that stays below the link's own folder's tree; undefined when there is none. */
export async function stateOf(file: string): Promise<FileState | undefined> {
  try {
    const link = await lstat(file, { bigint: true });
    if (link.isSymbolicLink() && !(await staysBelow(file))) return undefined;
    const found = link.isSymbolicLink() ? await stat(file, { bigint: true }) : link;
    return found.isFile() ? `${found.size},${found.mtimeNs},${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** A link planted in a watched folder must not make a rule read `/etc/shadow`. */
async function staysBelow(file: string): Promise<boolean> {
  const [target, folder] = await Promise.all([realpath(file), realpath(path.dirname(file))]);
  return target.startsWith(`${folder}${path.sep}`);
}
