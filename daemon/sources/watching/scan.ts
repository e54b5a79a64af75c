import { type BigIntStats, lstat as lstatThen } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Globs, isBelow } from './globs.ts';

/** `size,mtime in nanoseconds,inode`. A different text means that the file has changed. */
export type FileState = string;

export interface Scan {
  readonly files: ReadonlyMap<string, FileState>;
  readonly folders: ReadonlySet<string>;
  /** Whether the scan could read this file or folder. A file that is missing from an unreadable folder is not known to be deleted. */
  covers(file: string): boolean;
  /** Message about the files and folders that could not be read. */
  readonly fault: string | undefined;
}

/** Called for each folder before its names are read, so that a watch that is set in it misses no file. `id` differs for a new folder of the same name. */
export type OnFolder = (folder: string, id: string) => void;

/** `lstat` of `node:fs/promises` allocates a buffer for each call, which is measurable with fifty thousand files. */
const lstat = promisify(lstatThen);

const MAX_PARALLEL = 64;
const MAX_LISTED = 3;
/** Error codes for a file that does not exist, other than for one that cannot be read. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** Code for a name that is not UTF-8: Node cannot open it. */
const NOT_UTF8 = 'EILSEQ';

type Found =
  | { readonly kind: 'file'; readonly state: FileState }
  | { readonly kind: 'folder'; readonly id: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly code: string };

/** A file or folder to examine. */
interface Location {
  readonly location: string;
  /** The folder entry is a file that matches the globs. */
  readonly isMatch: boolean;
}

/** Finds every matching file at or below `locations`. A missing location is not a fault. Links to folders are not followed, except bases. */
export async function scan(
  globs: Globs,
  locations: readonly string[],
  signal: AbortSignal,
  onFolder: OnFolder = () => undefined,
): Promise<Scan> {
  const files = new Map<string, FileState>();
  const folders = new Set<string>();
  const unreadable = new Map<string, string>();
  const look = async ({ location, isMatch }: Location): Promise<readonly Location[]> => {
    const found = await find(location, globs);
    if (found.kind === 'file' && (isMatch || globs.matches(location))) files.set(location, found.state);
    if (found.kind === 'unknown') unreadable.set(location, found.code);
    if (found.kind === 'nothing' && location.includes('\uFFFD') && globs.matches(location))
      unreadable.set(location, NOT_UTF8);
    if (found.kind !== 'folder' || folders.has(location) || !globs.mayContain(location)) return [];
    folders.add(location);
    onFolder(location, found.id);
    return readFolder(location, globs).catch((error: unknown) => {
      if (!isGone(error)) unreadable.set(location, codeOf(error));
      return [];
    });
  };
  let level: Location[] = [...new Set(locations)].map((location) => ({ location, isMatch: false }));
  while (level.length > 0 && !signal.aborted) {
    const next: Location[] = [];
    for (let from = 0; from < level.length && !signal.aborted; from += MAX_PARALLEL)
      for (const inside of await Promise.all(level.slice(from, from + MAX_PARALLEL).map(look)))
        for (const location of inside) next.push(location);
    level = next;
  }
  return {
    files,
    folders,
    covers: (file) => unreadable.size === 0 || !isAtOrBelow(unreadable, file),
    fault: unreadableText([...unreadable]),
  };
}

/** Entries of a folder to examine. Devices, sockets and pipes are never opened. */
async function readFolder(folder: string, globs: Globs): Promise<Location[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isFIFO() && !entry.isSocket() && !entry.isBlockDevice() && !entry.isCharacterDevice())
    .map((entry) => ({ location: path.join(folder, entry.name), isMatch: entry.isFile() }))
    .filter(({ location, isMatch }) => !isMatch || globs.matches(location));
}

/** Examines a file or folder. A link is followed only to a file below the link's own folder: a planted link must not make a rule read `/etc/shadow`. */
async function find(location: string, globs: Globs): Promise<Found> {
  try {
    const isNamed = globs.bases.some((base) => base.path === location);
    const found = isNamed ? await stat(location, { bigint: true }) : await lstat(location, { bigint: true });
    if (!found.isSymbolicLink()) return foundOf(found);
    const target = globs.matches(location) ? await targetBelow(location) : undefined;
    if (target === undefined) return { kind: 'nothing' };
    // The link may lead elsewhere by now; a reader compares the opened file with this state.
    const linked = foundOf(await lstat(target, { bigint: true }));
    return linked.kind === 'file' ? linked : { kind: 'nothing' };
  } catch (error) {
    return isGone(error) ? { kind: 'nothing' } : { kind: 'unknown', code: codeOf(error) };
  }
}

function foundOf(found: BigIntStats): Found {
  if (found.isFile()) return { kind: 'file', state: stateOf(found) };
  if (found.isDirectory()) return { kind: 'folder', id: `${found.dev},${found.ino},${found.birthtimeNs}` };
  return { kind: 'nothing' };
}

export function stateOf({ size, mtimeNs, ino }: BigIntStats): FileState {
  return `${size},${mtimeNs},${ino}`;
}

const LATEST_TIME = 8.64e15;

/** Size in bytes and time of the last write (RFC 3339). */
export function readState(state: FileState): { readonly size: number; readonly mtime: string } {
  const [size = '0', mtimeNs = '0'] = state.split(',');
  const ms = Number(BigInt(mtimeNs) / 1_000_000n);
  return { size: Number(size), mtime: new Date(Math.max(-LATEST_TIME, Math.min(LATEST_TIME, ms))).toISOString() };
}

/** Real path of what a link leads to; undefined if that is not below the folder of the link. */
async function targetBelow(link: string): Promise<string | undefined> {
  const [target, folder] = await Promise.all([realpath(link), realpath(path.dirname(link))]);
  return target !== folder && isBelow(folder, target) ? target : undefined;
}

function isAtOrBelow(paths: ReadonlyMap<string, unknown>, file: string): boolean {
  for (let at = file; ; at = path.dirname(at)) {
    if (paths.has(at)) return true;
    if (at === '/' || at === '.') return false;
  }
}

/** `a cannot be read (EACCES); b cannot be read (EIO)`; undefined when nothing is unreadable. */
export function unreadableText(unreadable: readonly (readonly [file: string, code: string])[]): string | undefined {
  if (unreadable.length === 0) return undefined;
  const listed = unreadable.slice(0, MAX_LISTED).map(([file, code]) => `${file} cannot be read (${code})`);
  const more = unreadable.length - MAX_LISTED;
  return [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** The code of a system error, such as `EACCES`. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}

/** Whether an error means that the file does not exist, and not that it cannot be read. */
export function isGone(error: unknown): boolean {
  return GONE.has(codeOf(error));
}
