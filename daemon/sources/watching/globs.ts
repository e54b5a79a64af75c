import path from 'node:path';
import { compileGlob, literalPath } from '../../core/match/glob.ts';
import { globBelow } from '../../core/schema/paths.ts';
import { atHome } from '../../lib/files/home.ts';

/** Where to begin to look: the folder above the first wildcard; of a path without any, the file or folder itself. */
export interface Base {
  readonly path: string;
  /** Named by the user, so it may be a link to anywhere; links found below it may not lead out. */
  readonly named: boolean;
}

/** What a source looks at. All paths are absolute. */
export interface Globs {
  readonly bases: readonly Base[];
  /** Whether it would be reported if it is a file. */
  counts(file: string): boolean;
  /** Whether a file that counts may lie below this folder. */
  enters(folder: string): boolean;
}

/** A pattern cut into the folder where it begins and what is matched below it; without wildcards it is a file, or all of a folder. */
interface Pattern {
  readonly base: string;
  readonly below: string;
  readonly matches: (relative: string) => boolean;
  /** Whether a folder this far down may hold what matches. */
  readonly leads: (folders: readonly string[]) => boolean;
}

/** Swap and lock files of vim, Kate and LibreOffice, which exist while a file is open. */
const EDITOR_FILE = /^\.(?:.*\.(?:sw[a-p]|swpx|kate-swp)|~lock\..*#)$/s;

/** Why this is no pattern, or undefined. */
export function faultOf(glob: string): string | undefined {
  if (glob.includes('\0')) return 'a path holds no NUL';
  try {
    patternOf(glob);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** `paths` are absolute, or begin with `~`, the home of the user; `ignore` is relative to what they watch. */
export function compileGlobs(paths: readonly string[], ignore: readonly string[]): Globs {
  const wanted = paths.map(patternOf);
  const ignored = new Map(wanted.map(({ base }) => [base, ignoredBelow(base, ignore)]));
  const isIgnored = (at: string, isFolder: boolean): boolean => {
    const bases = [...ignored].filter(([base]) => isBelow(base, at));
    return bases.length > 0 && bases.every(([base, patterns]) => isPassedOver(base, at, isFolder, patterns));
  };
  return {
    bases: [...new Set(wanted.map(({ base }) => base))].map((base) => ({
      path: base,
      named: wanted.some((pattern) => pattern.base === base && pattern.below === ''),
    })),
    counts: (file) => wanted.some((pattern) => covers(pattern, file)) && !isIgnored(file, false),
    enters: (folder) => wanted.some((pattern) => mayHold(pattern, folder)) && !isIgnored(folder, true),
  };
}

function patternOf(glob: string): Pattern {
  const whole = atHome(glob).replace(/(?<=.)\/+$/, '');
  // A glob without a wildcard is not matched, but it may have a syntax that is refused.
  compileGlob(whole);
  const { folder, below } = literalPath(whole);
  const base = path.resolve('/', folder);
  if (below === '') return { base, below, matches: () => true, leads: () => true };
  const segments = segmentsOf(below);
  const open = segments.findIndex((segment) => segment.includes('**') || segment.includes('/'));
  const matchers = segments.slice(0, open === -1 ? segments.length : open).map(compileGlob);
  const leads = (folders: readonly string[]): boolean => {
    for (const [depth, name] of folders.entries()) {
      if (open !== -1 && depth >= open) return true;
      if (depth >= segments.length - 1 || !matchers[depth]!(name)) return false;
    }
    return true;
  };
  return { base, below, matches: compileGlob(below), leads };
}

/** Split at slashes, but not at those within braces, brackets or parentheses. */
function segmentsOf(glob: string): readonly string[] {
  const segments = [''];
  let depth = 0;
  for (const [whole] of glob.matchAll(/\\[^]|[^]/g)) {
    if ('{[('.includes(whole)) depth += 1;
    if ('}])'.includes(whole)) depth -= 1;
    if (whole === '/' && depth <= 0) segments.push('');
    else segments[segments.length - 1] += whole;
  }
  return segments;
}

function covers({ base, below, matches }: Pattern, file: string): boolean {
  if (file === base) return below === '';
  return isBelow(base, file) && matches(relativeTo(base, file));
}

function mayHold({ base, leads }: Pattern, folder: string): boolean {
  return folder === base || (isBelow(base, folder) && leads(relativeTo(base, folder).split('/')));
}

/** Ignored paths below one base: names at any depth, and places. */
interface Ignored {
  readonly isName: (name: string) => boolean;
  readonly isFolderName: (name: string) => boolean;
  readonly places: readonly Pattern[];
  readonly folderPlaces: readonly Pattern[];
}

/**
 * A pattern without a slash but at its end is a name at any depth below the base, never above it; with one at its end, of a
 * folder. Every other relative one is a place that starts at the base. What lies in an ignored folder is ignored.
 */
function ignoredBelow(base: string, ignore: readonly string[]): Ignored {
  const isFolder = (glob: string): boolean => glob.endsWith('/');
  const bare = ignore.map((glob) => ({ glob: glob.replace(/(?<=.)\/+$/, ''), isFolder: isFolder(glob) }));
  const names = bare.filter(({ glob }) => !glob.includes('/'));
  const places = bare.filter(({ glob }) => glob.includes('/'));
  const place = ({ glob }: { glob: string }): Pattern => patternOf(/^[/~]/.test(glob) ? glob : globBelow(base, glob));
  const matcher = (some: readonly { glob: string }[]): ((name: string) => boolean) => {
    const tests = some.map(({ glob }) => compileGlob(glob));
    return (name) => tests.some((test) => test(name));
  };
  const isIgnoredName = matcher(names.filter((one) => !one.isFolder));
  return {
    isName: (name) => EDITOR_FILE.test(name) || isIgnoredName(name),
    isFolderName: matcher(names.filter((one) => one.isFolder)),
    places: places.filter((one) => !one.isFolder).map(place),
    folderPlaces: places.filter((one) => one.isFolder).map(place),
  };
}

function isPassedOver(base: string, at: string, isFolder: boolean, ignored: Ignored): boolean {
  const { isName, isFolderName, places, folderPlaces } = ignored;
  const names = relativeTo(base, at).split('/');
  const folders = isFolder ? names : names.slice(0, -1);
  if (names.some((name) => isName(name)) || folders.some((name) => isFolderName(name))) return true;
  const isPlace = (place: string, folder: boolean): boolean =>
    places.some((pattern) => covers(pattern, place)) ||
    (folder && folderPlaces.some((pattern) => covers(pattern, place)));
  if (places.length + folderPlaces.length === 0) return false;
  for (let place = at; place !== base && place !== '/'; place = path.dirname(place))
    if (isPlace(place, isFolder || place !== at)) return true;
  return isPlace(base, true);
}

/** At or below. */
export function isBelow(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function relativeTo(base: string, file: string): string {
  return file === base ? '' : file.slice(base.endsWith('/') ? base.length : base.length + 1);
}
