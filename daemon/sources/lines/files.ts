import { lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Globs } from '../watching/globs.ts';
import type { FileState, Scan } from '../watching/scan.ts';
import { LineFile } from './file.ts';
import { decodeRecord, encodeRecord, type LineRecord, newRecord } from './record.ts';
import type { Checkpoint } from '../source.ts';

/** What is known of a file that is not followed just now. */
interface Stored {
  readonly key: string;
  readonly record: LineRecord;
  readonly value: string;
}

/** By the monotonic clock and by the one on the wall, milliseconds. */
export interface Moment {
  readonly now: number;
  readonly wall: number;
}

/** The key of a file's checkpoint begins so. */
const FILE = 'file:';
/** Of files that are no more so many are remembered, since a folder that is not mounted looks as if they were gone. */
export const MOST_GONE = 10_000;
const AT_ONCE = 64;

export function keyOf({ life }: LineRecord): string {
  return `${FILE}${life}`;
}

/**
 * Which files are followed: told from one another by device and inode, so that a renamed one is the same file under another
 * name. A file that has several names is followed once.
 */
export class LineFiles {
  readonly #globs: Globs;
  readonly #byId = new Map<string, LineFile>();
  readonly #byPlace = new Map<string, LineFile>();
  /** Renamed or deleted, with lines that come before those of what took their name. */
  readonly #leaving = new Set<LineFile>();
  readonly #due = new Set<LineFile>();
  /** By inode. The last one was there last. */
  readonly #stored = new Map<string, Stored[]>();
  /** Checkpoints of files that are gone, still to be stored. */
  #gone: Checkpoint[] = [];
  #hasNew = false;

  constructor(globs: Globs, checkpoints: ReadonlyMap<string, string>) {
    this.#globs = globs;
    for (const [key, value] of checkpoints) {
      const record = key.startsWith(FILE) ? decodeRecord(value) : undefined;
      if (record !== undefined) this.#remember({ key, record, value });
    }
  }

  /** How many are followed under a name that counts. */
  get count(): number {
    return [...this.#byPlace.keys()].filter((place) => this.#globs.counts(place)).length;
  }

  /** Names under which files are followed. */
  places(): Iterable<string> {
    return this.#byPlace.keys();
  }

  /** There may be something to read in it. */
  wake(file: LineFile): void {
    if (this.#follows(file)) this.#due.add(file);
  }

  /** The one that has waited longest to be read. What took the name of another waits until that one has been read to its end. */
  takeDue(isBusy: (file: LineFile) => boolean): LineFile | undefined {
    for (const file of this.#due) {
      if (isBusy(file) || this.#isBlocked(file)) continue;
      this.#due.delete(file);
      return file;
    }
    return undefined;
  }

  /** Files that are not followed under a name that counts any more: something may still be written to them, but not for long. */
  strays(): readonly LineFile[] {
    return [...this.#byId.values()].filter((file) => this.isStray(file));
  }

  /** Something may have been written to what lies there. What counts is compared with what is seen of it instead. */
  hint(place: string): void {
    const file = this.#byPlace.get(place);
    if (file !== undefined && this.isStray(file)) this.wake(file);
  }

  isStray({ place }: LineFile): boolean {
    return place === undefined || !this.#globs.counts(place);
  }

  /** Compares with what is there. `candidates`: the names that would have been seen if they were there. */
  async see(seen: Scan, candidates: Iterable<string>, { now, wall }: Moment): Promise<void> {
    const lost = new Set<LineFile>();
    for (const place of candidates) {
      const file = this.#byPlace.get(place);
      if (file === undefined || this.isStray(file)) continue;
      if (!seen.files.has(place) && seen.sees(place)) this.#lose(file, lost);
    }
    for (const [place, state] of seen.files) {
      const file = this.#byPlace.get(place);
      if (file === undefined || !isOf(state, file.record.ino)) await this.#enter(place, state, lost, { now, wall });
      else if (file.state !== state) {
        file.state = state;
        this.#stir(file, now);
      }
    }
    const folders = new Folders();
    for (const file of lost) if (file.place === undefined) await this.seek(file, now, folders);
  }

  /** Looks for a file that is not where it was among its neighbours. */
  async seek(file: LineFile, now: number, folders = new Folders()): Promise<void> {
    if (!this.#follows(file)) return;
    if (file.place !== undefined && this.#byPlace.get(file.place) === file) this.#byPlace.delete(file.place);
    file.place = undefined;
    this.#leaving.add(file);
    this.#stir(file, now);
    const place = await folders.find(file.record);
    if (place === undefined || (await idOf(place)) !== file.id) return;
    if (this.#follows(file) && file.place === undefined) this.#move(file, place, now);
  }

  /** Files that were renamed while nobody looked: known, but not seen under a name that counts. */
  async findMoved(seen: Scan, { now, wall }: Moment): Promise<void> {
    const folders = new Folders();
    for (const stored of [...this.#stored.values()].flat()) {
      const name = stored.record.path;
      if (stored.record.gone !== undefined || (this.#globs.counts(name) && !seen.sees(name))) continue;
      const place = this.#globs.counts(name) ? await folders.find(stored.record) : undefined;
      const id = place === undefined ? undefined : await idOf(place);
      this.#forget(stored);
      if (id !== undefined && !this.#byId.has(id)) this.#follow(stored, id, place!, now);
      else this.#keepGone(stored.key, stored.record, wall);
    }
  }

  /** It has been read to its end. */
  ended(file: LineFile): void {
    this.#leaving.delete(file);
    if (file.place !== undefined && file.isMoved && this.#globs.counts(file.place)) file.takeName(file.place);
  }

  /** Follows it no more. */
  retire(file: LineFile, wall: number): void {
    this.#leaving.delete(file);
    this.#due.delete(file);
    this.#byId.delete(file.id);
    if (file.place !== undefined && this.#byPlace.get(file.place) === file) this.#byPlace.delete(file.place);
    this.#keepGone(file.key, file.record, wall);
  }

  /** Whether there is one that would not be found again if it were renamed after a crash. */
  get hasNew(): boolean {
    return this.#hasNew;
  }

  /** What is known and not stored yet; of those that are gone, as many as are remembered. */
  unstored(): readonly Checkpoint[] {
    const checkpoints = [...this.#gone, ...this.#surplus()];
    for (const file of this.#byId.values()) if (file.unstored !== undefined) checkpoints.push(file.unstored);
    return checkpoints;
  }

  /** These are on disk. */
  stored(checkpoints: readonly Checkpoint[]): void {
    this.#hasNew = false;
    const values = new Map(checkpoints.map(({ key, value }) => [key, value]));
    this.#gone = this.#gone.filter(({ key }) => !values.has(key));
    for (const file of this.#byId.values()) file.stored = values.get(file.key) ?? file.stored;
  }

  #surplus(): readonly Checkpoint[] {
    const gone = [...this.#stored.values()].flat().filter(({ record }) => record.gone !== undefined);
    if (gone.length <= MOST_GONE) return [];
    gone.sort((one, other) => one.record.gone! - other.record.gone!);
    const oldest = gone.slice(0, gone.length - MOST_GONE);
    for (const stored of oldest) this.#forget(stored);
    return oldest.map(({ key }) => ({ key, value: null }));
  }

  #isBlocked(file: LineFile): boolean {
    const isLeaving = this.#leaving.has(file);
    for (const other of this.#leaving)
      if (other !== file && other.record.path === file.record.path && (!isLeaving || other.isBefore(file))) return true;
    return false;
  }

  async #enter(place: string, state: FileState, lost: Set<LineFile>, { now, wall }: Moment): Promise<void> {
    const id = await idOf(place);
    if (id === undefined) return;
    const before = this.#byPlace.get(place);
    if (before?.id === id) return;
    if (before !== undefined) this.#lose(before, lost);
    const file = this.#byId.get(id);
    const isElsewhere = file?.place !== undefined && (await idOf(file.place)) === id;
    // It may have been left meanwhile.
    if (file === undefined || !this.#follows(file)) return this.#begin(place, state, id, { now, wall });
    if (isElsewhere) return;
    this.#leaving.add(file);
    this.#move(file, place, now);
  }

  #begin(place: string, state: FileState, id: string, { now, wall }: Moment): void {
    const ino = id.slice(id.indexOf(':') + 1);
    const known = this.#stored.get(ino) ?? [];
    const stored = known.findLast(({ record }) => record.path === place) ?? known.at(-1);
    if (stored !== undefined) {
      this.#forget(stored);
      this.#gone = this.#gone.filter(({ key }) => key !== stored.key);
      const { gone: _, ...record } = stored.record;
      this.#follow({ ...stored, record }, id, place, now).state = state;
      return;
    }
    const record = newRecord(place, path.dirname(place), ino, wall);
    this.#hasNew = true;
    this.#add(new LineFile(keyOf(record), id, place, record, undefined), now).state = state;
  }

  #follow({ key, record, value }: Stored, id: string, place: string, now: number): LineFile {
    const file = this.#add(new LineFile(key, id, place, record, value), now);
    if (file.isMoved) this.#leaving.add(file);
    return file;
  }

  #add(file: LineFile, now: number): LineFile {
    this.#byId.set(file.id, file);
    this.#byPlace.set(file.place!, file);
    this.#stir(file, now);
    return file;
  }

  #lose(file: LineFile, lost: Set<LineFile>): void {
    this.#byPlace.delete(file.place!);
    file.place = undefined;
    lost.add(file);
  }

  #follows(file: LineFile): boolean {
    return this.#byId.get(file.id) === file;
  }

  #stir(file: LineFile, now: number): void {
    this.wake(file);
    file.stirredAt = now;
  }

  #move(file: LineFile, place: string, now: number): void {
    if (file.place !== undefined && this.#byPlace.get(file.place) === file) this.#byPlace.delete(file.place);
    file.place = place;
    this.#stir(file, now);
    this.#byPlace.set(place, file);
  }

  #keepGone(key: string, record: LineRecord, wall: number): void {
    const gone = { ...record, gone: wall };
    const value = encodeRecord(gone);
    this.#remember({ key, record: gone, value });
    this.#gone.push({ key, value });
  }

  #remember(stored: Stored): void {
    const same = this.#stored.get(stored.record.ino);
    if (same === undefined) this.#stored.set(stored.record.ino, [stored]);
    else same.push(stored);
  }

  #forget({ key, record: { ino } }: Stored): void {
    const left = (this.#stored.get(ino) ?? []).filter((stored) => stored.key !== key);
    if (left.length === 0) this.#stored.delete(ino);
    else this.#stored.set(ino, left);
  }
}

function isOf(state: FileState, ino: string): boolean {
  return state.slice(state.lastIndexOf(',') + 1) === ino;
}

async function idOf(place: string): Promise<string | undefined> {
  const found = await stat(place, { bigint: true }).catch(() => undefined);
  return found === undefined || !found.isFile() ? undefined : `${found.dev}:${found.ino}`;
}

/** Finds files by inode. Reads each folder once. */
class Folders {
  readonly #read = new Map<string, ReadonlyMap<string, string>>();

  async find({ folder, ino }: LineRecord): Promise<string | undefined> {
    let names = this.#read.get(folder);
    if (names === undefined) {
      names = await namesByInode(folder);
      this.#read.set(folder, names);
    }
    return names.get(ino);
  }
}

async function namesByInode(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(folder, entry.name));
  const found = new Map<string, string>();
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE);
    const states = await Promise.all(some.map((name) => lstat(name, { bigint: true }).catch(() => undefined)));
    some.forEach((name, index) => found.set(String(states[index]?.ino), name));
  }
  return found;
}
