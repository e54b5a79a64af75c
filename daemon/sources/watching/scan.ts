import { type BigIntStats, lstat as lstatThen } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Globs, isBelow } from './globs.ts';

/** `size,mtime in nanoseconds,inode`: another one is another state of the file. */
export type FileState = string;

export interface Scan {
  readonly files: ReadonlyMap<string, FileState>;
  readonly folders: ReadonlySet<string>;
  /** Whether it could be looked at. Of what could not, nothing is known: least of all that it is gone. */
  sees(file: string): boolean;
  /** What could not be looked at, for people. */
  readonly trouble: string | undefined;
}

/** Called for each folder before its names are read, so that a watch set there misses none. `id` differs for one made anew. */
export type Entering = (folder: string, id: string) => void;

/** That of `node:fs/promises` allocates a buffer for each call, which shows when fifty thousand files are looked at. */
const lstat = promisify(lstatThen);

const AT_ONCE = 64;
const MOST_TOLD = 3;
/** There is no such file, rather than that it cannot be looked at. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** Such a name cannot be given back to the system. */
const NOT_UTF8 = 'EILSEQ';

type Found =
  | { readonly kind: 'file'; readonly state: FileState }
  | { readonly kind: 'folder'; readonly id: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly code: string };

interface Place {
  readonly place: string;
  /** It was a file just now, and it counts. */
  readonly counts: boolean;
}

/** Every file at or below `places` that counts. A place that is not there (yet) is no trouble. Links to folders are not followed, but for the bases. */
export async function scan(
  globs: Globs,
  places: readonly string[],
  signal: AbortSignal,
  entering: Entering = () => undefined,
): Promise<Scan> {
  const files = new Map<string, FileState>();
  const folders = new Set<string>();
  const blind = new Map<string, string>();
  const look = async ({ place, counts }: Place): Promise<readonly Place[]> => {
    const found = await find(place, globs);
    if (found.kind === 'file' && (counts || globs.counts(place))) files.set(place, found.state);
    if (found.kind === 'unknown') blind.set(place, found.code);
    if (found.kind === 'nothing' && place.includes('\uFFFD') && globs.counts(place)) blind.set(place, NOT_UTF8);
    if (found.kind !== 'folder' || folders.has(place) || !globs.enters(place)) return [];
    folders.add(place);
    entering(place, found.id);
    return readFolder(place, globs).catch((error: unknown) => {
      if (!GONE.has(codeOf(error))) blind.set(place, codeOf(error));
      return [];
    });
  };
  let level: Place[] = [...new Set(places)].map((place) => ({ place, counts: false }));
  while (level.length > 0 && !signal.aborted) {
    const next: Place[] = [];
    for (let from = 0; from < level.length && !signal.aborted; from += AT_ONCE)
      for (const inside of await Promise.all(level.slice(from, from + AT_ONCE).map(look)))
        for (const place of inside) next.push(place);
    level = next;
  }
  return {
    files,
    folders,
    sees: (file) => blind.size === 0 || !isAtOrBelow(blind, file),
    trouble: troubleOf(blind),
  };
}

/** What has to be looked at in a folder. Devices, sockets and pipes are never touched. */
async function readFolder(folder: string, globs: Globs): Promise<Place[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isFIFO() && !entry.isSocket() && !entry.isBlockDevice() && !entry.isCharacterDevice())
    .map((entry) => ({ place: path.join(folder, entry.name), counts: entry.isFile() }))
    .filter(({ place, counts }) => !counts || globs.counts(place));
}

/** A link counts as the file it leads to when that lies below the link's own folder: one planted there must not make a rule read `/etc/shadow`. */
async function find(place: string, globs: Globs): Promise<Found> {
  try {
    const isNamed = globs.bases.some((base) => base.path === place);
    const found = isNamed ? await stat(place, { bigint: true }) : await lstat(place, { bigint: true });
    if (!found.isSymbolicLink()) return foundOf(found);
    if (!globs.counts(place) || !(await staysBelow(place))) return { kind: 'nothing' };
    const target = foundOf(await stat(place, { bigint: true }));
    return target.kind === 'file' ? target : { kind: 'nothing' };
  } catch (error) {
    return GONE.has(codeOf(error)) ? { kind: 'nothing' } : { kind: 'unknown', code: codeOf(error) };
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

/** Bytes, and when it was last written, RFC 3339. */
export function readState(state: FileState): { readonly size: number; readonly mtime: string } {
  const [size = '0', mtimeNs = '0'] = state.split(',');
  const ms = Number(BigInt(mtimeNs) / 1_000_000n);
  return { size: Number(size), mtime: new Date(Math.max(-LATEST_TIME, Math.min(LATEST_TIME, ms))).toISOString() };
}

async function staysBelow(link: string): Promise<boolean> {
  const [target, folder] = await Promise.all([realpath(link), realpath(path.dirname(link))]);
  return target !== folder && isBelow(folder, target);
}

function isAtOrBelow(places: ReadonlyMap<string, unknown>, file: string): boolean {
  for (let at = file; ; at = path.dirname(at)) {
    if (places.has(at)) return true;
    if (at === '/' || at === '.') return false;
  }
}

function troubleOf(blind: ReadonlyMap<string, string>): string | undefined {
  if (blind.size === 0) return undefined;
  const told = [...blind].slice(0, MOST_TOLD).map(([place, code]) => `${place} cannot be read (${code})`);
  return [...told, ...(blind.size > MOST_TOLD ? [`and ${blind.size - MOST_TOLD} more`] : [])].join('; ');
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
