import path from 'node:path';
import { compileGlob, compilePart, literalPath, segmentsOf } from '../../core/match/glob.ts';
import { globBelow } from '../../core/schema/paths.ts';
import { expandHome } from '../../lib/files/home.ts';

/** Start of a scan: the folder above the first wildcard; for a path without wildcards the file or folder itself. */
export interface Base {
  readonly path: string;
  /** The rules name it explicitly, so it may be a link to any path. Links that are found below a base must stay in their folder. */
  readonly named: boolean;
}

/** The compiled `paths` and `ignore` of a source. All paths are absolute. */
export interface Globs {
  readonly bases: readonly Base[];
  /** Whether a file with this path is watched. */
  matches(file: string): boolean;
  /** Whether watched files may be below this folder. */
  mayContain(folder: string): boolean;
}

/** A glob, split into its base and the part with wildcards. Without wildcards it matches a file, or everything in a folder. */
interface Pattern {
  readonly base: string;
  readonly below: string;
  readonly matches: (relative: string) => boolean;
  /** Whether a folder with these names below the base may contain matching files. */
  readonly leads: (folders: readonly string[]) => boolean;
}

/** Swap and lock files of vim, Kate and LibreOffice, which exist while a file is open. */
const EDITOR_FILE = /^\.(?:.*\.(?:sw[a-p]|swpx|kate-swp)|~lock\..*#)$/s;

/** The problem of an invalid glob; undefined if it is valid. */
export function faultOf(glob: string): string | undefined {
  if (glob.includes('\0')) return 'a path cannot contain a NUL';
  try {
    patternOf(glob);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Compiles globs. `paths` are absolute or begin with `~`, the home of the user; `ignore` is relative to the bases. */
export function compileGlobs(paths: readonly string[], ignore: readonly string[]): Globs {
  const wanted = paths.map(patternOf);
  const ignored = new Map(wanted.map(({ base }) => [base, ignoredBelow(base, ignore)]));
  const isIgnored = (at: string, isFolder: boolean): boolean => {
    const bases = [...ignored].filter(([base]) => isBelow(base, at));
    return bases.length > 0 && bases.every(([base, patterns]) => isIgnoredBelow(base, at, isFolder, patterns));
  };
  return {
    bases: [...new Set(wanted.map(({ base }) => base))].map((base) => ({
      path: base,
      named: wanted.some((pattern) => pattern.base === base && pattern.below === ''),
    })),
    matches: (file) => wanted.some((pattern) => patternMatches(pattern, file)) && !isIgnored(file, false),
    mayContain: (folder) => wanted.some((pattern) => patternMayContain(pattern, folder)) && !isIgnored(folder, true),
  };
}

function patternOf(glob: string): Pattern {
  const whole = expandHome(glob).replace(/(?<=.)\/+$/, '');
  // Checks the syntax, also of a glob without a wildcard, which needs no matching.
  compileGlob(whole);
  const { folder, below } = literalPath(whole);
  const base = path.resolve('/', folder);
  if (below === '') return { base, below, matches: () => true, leads: () => true };
  const segments = segmentsOf(below);
  const open = segments.findIndex((segment) => segment.includes('**') || segment.includes('/'));
  const matchers = segments.slice(0, open === -1 ? segments.length : open).map(compilePart);
  const leads = (folders: readonly string[]): boolean => {
    for (const [depth, name] of folders.entries()) {
      if (open !== -1 && depth >= open) return true;
      if (depth >= segments.length - 1 || !matchers[depth]!(name)) return false;
    }
    return true;
  };
  return { base, below, matches: compilePart(below), leads };
}

function patternMatches({ base, below, matches }: Pattern, file: string): boolean {
  if (file === base) return below === '';
  return isBelow(base, file) && matches(relativeTo(base, file));
}

function patternMayContain({ base, leads }: Pattern, folder: string): boolean {
  return folder === base || (isBelow(base, folder) && leads(relativeTo(base, folder).split('/')));
}

/** Ignored paths below one base: names at any depth, and paths. */
interface Ignored {
  readonly isName: (name: string) => boolean;
  readonly isFolderName: (name: string) => boolean;
  readonly paths: readonly Pattern[];
  readonly folderPaths: readonly Pattern[];
}

/**
 * Compiles `ignore` for one base. A pattern without a slash is a name at any depth below the base; with a slash only at its end
 * it is the name of a folder. Every other relative pattern starts at the base. Everything in an ignored folder is ignored.
 */
function ignoredBelow(base: string, ignore: readonly string[]): Ignored {
  const isFolder = (glob: string): boolean => glob.endsWith('/');
  const bare = ignore.map((glob) => ({ glob: glob.replace(/(?<=.)\/+$/, ''), isFolder: isFolder(glob) }));
  const names = bare.filter(({ glob }) => !glob.includes('/'));
  const paths = bare.filter(({ glob }) => glob.includes('/'));
  const toPattern = ({ glob }: { glob: string }): Pattern =>
    patternOf(/^[/~]/.test(glob) ? glob : globBelow(base, glob));
  const matcher = (some: readonly { glob: string }[]): ((name: string) => boolean) => {
    const tests = some.map(({ glob }) => compileGlob(glob));
    return (name) => tests.some((test) => test(name));
  };
  const isIgnoredName = matcher(names.filter((one) => !one.isFolder));
  return {
    isName: (name) => EDITOR_FILE.test(name) || isIgnoredName(name),
    isFolderName: matcher(names.filter((one) => one.isFolder)),
    paths: paths.filter((one) => !one.isFolder).map(toPattern),
    folderPaths: paths.filter((one) => one.isFolder).map(toPattern),
  };
}

function isIgnoredBelow(base: string, at: string, isFolder: boolean, ignored: Ignored): boolean {
  const { isName, isFolderName, paths, folderPaths } = ignored;
  const names = relativeTo(base, at).split('/');
  const folders = isFolder ? names : names.slice(0, -1);
  if (names.some((name) => isName(name)) || folders.some((name) => isFolderName(name))) return true;
  const isIgnoredPath = (file: string, folder: boolean): boolean =>
    paths.some((pattern) => patternMatches(pattern, file)) ||
    (folder && folderPaths.some((pattern) => patternMatches(pattern, file)));
  if (paths.length + folderPaths.length === 0) return false;
  for (let current = at; current !== base && current !== '/'; current = path.dirname(current))
    if (isIgnoredPath(current, isFolder || current !== at)) return true;
  return isIgnoredPath(base, true);
}

/** Whether `file` is `folder` or below it. */
export function isBelow(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function relativeTo(base: string, file: string): string {
  return file === base ? '' : file.slice(base.endsWith('/') ? base.length : base.length + 1);
}
