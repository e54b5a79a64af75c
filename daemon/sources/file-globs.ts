import { homedir } from 'node:os';
import path from 'node:path';
import picomatch from 'picomatch';

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

/** What editors keep beside a file that is open: not what anybody waits for. */
const SCRATCH = ['.*.sw[a-p]', '.*.swpx', '.*.kate-swp', '.~lock.*#'];
/** A name may hold a line end, which `.` in a regular expression only matches with the flag `s`. */
const OPTIONS = { dot: true, flags: 's' };

/** Why this is no pattern, or undefined. */
export function faultOf(glob: string): string | undefined {
  if (glob.startsWith('!')) return 'a pattern cannot begin with `!`; what to leave out is said in `ignore`';
  if (glob.includes('\0')) return 'a path holds no NUL';
  try {
    patternOf(glob);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Relative patterns begin where the daemon was started, `~` is the home of its user. */
export function compileGlobs(paths: readonly string[], ignore: readonly string[]): Globs {
  const wanted = paths.map(patternOf);
  const passedOver = ignorer(ignore);
  const isIgnored = (file: string): boolean =>
    wanted.some(({ base }) => isBelow(base, file)) &&
    wanted.filter(({ base }) => isBelow(base, file)).every(({ base }) => passedOver(base, file));
  return {
    bases: [...new Set(wanted.map(({ base }) => base))].map((base) => ({
      path: base,
      named: wanted.some((pattern) => pattern.base === base && pattern.below === ''),
    })),
    counts: (file) => wanted.some((pattern) => covers(pattern, file)) && !isIgnored(file),
    enters: (folder) => wanted.some((pattern) => mayHold(pattern, folder)) && !isIgnored(folder),
  };
}

function patternOf(glob: string): Pattern {
  const { base, glob: below, isGlob } = picomatch.scan(atHome(glob).replace(/(?<=.)\/+$/, ''));
  const start = path.resolve(base.replace(/\\(.)/g, '$1'));
  if (!isGlob) return { base: start, below: '', matches: () => true, leads: () => true };
  const segments = segmentsOf(below);
  const open = segments.findIndex((segment) => segment.includes('**') || segment.includes('/'));
  const matchers = segments.map((segment) => picomatch(segment, OPTIONS));
  const leads = (folders: readonly string[]): boolean => {
    for (const [depth, folder] of folders.entries()) {
      if (open !== -1 && depth >= open) return true;
      if (depth >= segments.length - 1 || !matchers[depth]!(folder)) return false;
    }
    return true;
  };
  return { base: start, below, matches: picomatch(below, OPTIONS), leads };
}

function atHome(glob: string): string {
  return glob === '~' || glob.startsWith('~/') ? `${homedir()}${glob.slice(1)}` : glob;
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

/**
 * Patterns with a slash are places; without one they are names, of a file or of a folder at any depth below a base, never
 * above it. What lies in an ignored folder is ignored.
 */
function ignorer(ignore: readonly string[]): (base: string, file: string) => boolean {
  const isName = picomatch([...SCRATCH, ...ignore.filter((glob) => !glob.includes('/'))], OPTIONS);
  const places = ignore.filter((glob) => glob.includes('/')).map(patternOf);
  return (base, file) => {
    if (
      relativeTo(base, file)
        .split('/')
        .some((name) => isName(name))
    )
      return true;
    for (let at = file; places.length > 0 && at !== base && at !== '/'; at = path.dirname(at))
      if (places.some((place) => covers(place, at))) return true;
    return places.some((place) => covers(place, base));
  };
}

/** At or below. */
export function isBelow(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function relativeTo(base: string, file: string): string {
  return file === base ? '' : file.slice(base.endsWith('/') ? base.length : base.length + 1);
}
