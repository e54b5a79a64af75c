import path from 'node:path';
import { lstat } from 'node:fs/promises';
import type { JsonObject } from '../../core/values/json.ts';
import { type Change, type ChangeKind, FileChanges } from './changes.ts';
import { compileGlobs, type Globs } from '../watching/globs.ts';
import { Hints } from '../watching/hints.ts';
import { outset, unsettledCheckpoints } from './baseline.ts';
import { type FileState, readState, type Scan, scan } from '../watching/scan.ts';
import { readText } from './text.ts';
import { Patience, persevere } from '../../lib/async/retry.ts';
import type { Checkpoint, SourceIo } from '../source.ts';

/** Durations in milliseconds, sizes in bytes. */
export interface FileWatchSettings {
  readonly paths: readonly string[];
  readonly ignore: readonly string[];
  readonly events: readonly ChangeKind[];
  readonly settle: number;
  readonly initial: boolean;
  readonly missed: boolean;
  readonly rescan: number;
  readonly content: number | undefined;
}

/** What was there when the source was started. */
interface Look {
  readonly present: Scan;
  readonly checkpoints: ReadonlyMap<string, string>;
}

/** Files and folders at which something happened, and when last; monotonic. */
type Hinted = ReadonlyMap<string, number>;

const MAX_BATCH = 1000;
/** So many events go into one commit together. */
const EVENTS_AT_ONCE = 256;
/** No look at notifications alone comes sooner after the one before it, milliseconds: a file that is written all the time raises thousands. */
const HINT_REST = 20;
/** With more hints than these it is cheaper to look at everything. */
const MOST_HINTS = 10_000;

/** Looks where it is hinted at, and everywhere now and then; tells what came to rest in another state than the known one. */
export class FileWatch {
  readonly #settings: FileWatchSettings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #globs: Globs;
  readonly #hints: Hints;
  /** Where something happened, and when last. */
  readonly #hinted = new Map<string, number>();
  readonly #patience = new Patience();
  readonly #troubles = new Map<'scan' | 'hints' | 'intake', string>();
  #changes: FileChanges;
  /** Only until it has begun: it is as large as what is known. */
  #look: Look | undefined;
  #nextScan = Number.NEGATIVE_INFINITY;
  #nextHints = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(settings: FileWatchSettings, io: SourceIo, signal: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#signal = signal;
    const globs = compileGlobs(settings.paths, settings.ignore);
    // What is known counts: nobody has to match its path anew at every look.
    this.#globs = { ...globs, counts: (file) => this.#changes.isKnown(file) || globs.counts(file) };
    this.#changes = new FileChanges(new Map(), settings.settle);
    this.#hints = new Hints({
      globs: this.#globs,
      hint: (place) => this.#hint(place),
      trouble: (text) => this.#trouble('hints', text),
    });
  }

  /** What is there now: whatever comes after it is news. */
  async look(): Promise<void> {
    const present = await scan(this.#globs, this.#bases(), this.#signal);
    this.#look = { present, checkpoints: await this.#io.readCheckpoints() };
  }

  /** Until `signal` aborts. Does not reject: what goes wrong is reported and tried again. */
  async run(): Promise<void> {
    const { clock } = this.#io;
    const trying = { clock, signal: this.#signal, refused: (why?: string) => this.#trouble('intake', why) };
    const known = await persevere(() => this.#outset(), trying);
    if (known === undefined) return;
    this.#look = undefined;
    this.#changes = new FileChanges(known, this.#settings.settle);
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!this.#signal.aborted) await persevere(() => this.#round(), trying);
    this.#hints.close();
    await this.#save(unsettledCheckpoints(this.#changes.unsettled)).catch((error: unknown) =>
      this.#io.log.warn({ err: error }, 'changes that had not come to rest are told at the next start'),
    );
  }

  async #round(): Promise<void> {
    const { clock } = this.#io;
    if (clock.monotonic() >= this.#nextScan || this.#hinted.size > MOST_HINTS) await this.#lookAtAll();
    const now = clock.monotonic();
    // What is about to be told is looked at once more: it counts only if nothing moved in between.
    const due = this.#changes.due(now).map(({ file }) => file);
    const hinted = await this.#takeHints();
    await this.#lookAt([...hinted.keys(), ...due], hinted);
    await this.#report(this.#changes.due(now));
    await this.#rest();
  }

  async #outset(): Promise<Map<string, FileState>> {
    const { present, checkpoints: checkpointsBefore } = this.#look!;
    const { paths, ignore, initial, missed } = this.#settings;
    const words = JSON.stringify([paths, ignore]);
    const checkpoints = await this.#io.readCheckpoints();
    const begun = outset({ globs: this.#globs, words, initial, missed, present, checkpointsBefore, checkpoints });
    await this.#save(begun.checkpoints);
    return begun.known;
  }

  async #save(checkpoints: Iterable<Checkpoint>): Promise<void> {
    let batch: Checkpoint[] = [];
    for (const checkpoint of checkpoints) {
      batch.push(checkpoint);
      if (batch.length < MAX_BATCH) continue;
      await this.#io.saveCheckpoints(batch);
      batch = [];
    }
    if (batch.length > 0) await this.#io.saveCheckpoints(batch);
  }

  async #lookAtAll(): Promise<void> {
    const hinted = new Map(this.#hinted);
    this.#hinted.clear();
    await this.#hints.lookUp();
    const seen = await scan(this.#globs, this.#bases(), this.#signal, (folder, id) => this.#hints.enter(folder, id));
    if (this.#signal.aborted) return;
    this.#hints.settle(seen.folders);
    this.#trouble('scan', seen.trouble);
    this.#compare(seen, this.#changes.all(), hinted);
    this.#nextScan = this.#io.clock.monotonic() + this.#settings.rescan;
  }

  async #lookAt(places: readonly string[], hinted: Hinted): Promise<void> {
    if (places.length === 0) return;
    if (this.#bases().some((base) => places.includes(base))) await this.#hints.lookUp();
    const seen = await scan(this.#globs, places, this.#signal, (folder, id) => this.#hints.enter(folder, id));
    if (this.#signal.aborted) return;
    const gone = places.filter((place) => this.#hints.watches(place) && !seen.folders.has(place) && seen.sees(place));
    for (const folder of gone) this.#hints.leave(folder);
    const looked = new Set([...places, ...seen.folders]);
    const isWithin = (file: string): boolean => {
      for (let at = file; at !== path.dirname(at); at = path.dirname(at)) if (looked.has(at)) return true;
      return false;
    };
    const isOnlyFiles = seen.folders.size === 0 && gone.length === 0;
    const candidates = isOnlyFiles ? places : [...this.#changes.all()].filter(isWithin);
    this.#compare(seen, candidates, hinted);
  }

  /** `candidates`: the files that would have been seen if they were there. A file has been as it is since its last notification. */
  #compare(seen: Scan, candidates: Iterable<string>, hinted: Hinted): void {
    const now = this.#io.clock.monotonic();
    const absent = [...candidates].filter((file) => !seen.files.has(file));
    for (const [file, state] of seen.files) this.#changes.see(file, state, now, hinted.get(file));
    for (const file of absent) {
      if (!seen.sees(file)) this.#changes.unsettle(file, now);
      else if (this.#changes.isKnown(file)) this.#changes.see(file, undefined, now, hinted.get(file));
    }
  }

  async #report(changes: readonly Change[]): Promise<void> {
    for (let from = 0; from < changes.length && !this.#signal.aborted; from += EVENTS_AT_ONCE) {
      const told = await Promise.allSettled(
        changes.slice(from, from + EVENTS_AT_ONCE).map((change) => this.#tell(change)),
      );
      const refusal = told.find((result) => result.status === 'rejected');
      if (refusal === undefined) {
        this.#patience.reset();
        this.#trouble('intake', undefined);
        continue;
      }
      // Not taken: it is still due, and is told again after a while.
      this.#trouble('intake', `a change was not taken: ${(refusal.reason as Error).message}`);
      return this.#patience.wait(this.#io.clock, this.#signal);
    }
  }

  /** The snapshot moves on in the transaction that takes the event, so a crash repeats neither and loses neither. */
  async #tell(change: Change): Promise<void> {
    const { file, kind, state } = change;
    const checkpoint = [{ key: file, value: state ?? null }];
    if (!this.#settings.events.includes(kind)) await this.#io.saveCheckpoints(checkpoint);
    else {
      const data = await this.#dataOf(change);
      if (data === undefined) return this.#changes.unsettle(file, this.#io.clock.monotonic());
      await this.#io.emit({ type: `file.${kind}`, subject: file, data }, checkpoint);
    }
    this.#changes.reported(change);
  }

  /** undefined: the file moved while it was read. */
  async #dataOf({ file, state, before }: Change): Promise<JsonObject | undefined> {
    const { content } = this.#settings;
    const place = { path: file, name: path.basename(file), dir: path.dirname(file), ext: path.extname(file) };
    const data = { ...place, ...readState(state ?? before ?? '') };
    if (state === undefined || content === undefined) return data;
    const read = await readText(file, state, content);
    if (read.moved) return undefined;
    return read.text === undefined ? data : { ...data, content: read.text };
  }

  #bases(): string[] {
    return this.#globs.bases.map((base) => base.path);
  }

  #trouble(kind: 'scan' | 'hints' | 'intake', text: string | undefined): void {
    if (text === this.#troubles.get(kind)) return;
    if (text === undefined) this.#troubles.delete(kind);
    else this.#troubles.set(kind, text);
    this.#io.report(this.#troubles.size === 0 ? undefined : [...this.#troubles.values()].join('; '));
  }

  #hint(place: string): void {
    const now = this.#io.clock.monotonic();
    this.#hinted.set(place, now);
    if (this.#hinted.size > 1) return;
    // What is told as soon as it is seen is not looked at before all the notifications of one write are there.
    this.#nextHints = Math.max(this.#nextHints, now + HINT_REST - this.#settings.settle);
    this.#wake();
  }

  /** Where to look. A link that was set anew may be what the files beside it lead through, as Kubernetes' `..data` is. */
  async #takeHints(): Promise<Hinted> {
    const hinted = [...this.#hinted];
    this.#hinted.clear();
    this.#nextHints = this.#io.clock.monotonic() + HINT_REST;
    const resolved = hinted.map(async ([place, at]): Promise<[string, number]> => {
      if (this.#globs.counts(place) || this.#globs.enters(place) || this.#hints.watches(place)) return [place, at];
      const found = await lstat(place).catch(() => undefined);
      return [found?.isSymbolicLink() === true ? path.dirname(place) : place, at];
    });
    return new Map(await Promise.all(resolved));
  }

  /** Until there is something to do. */
  async #rest(): Promise<void> {
    for (let wait = this.#wait(); wait > 0 && !this.#signal.aborted; wait = this.#wait())
      await new Promise<void>((resolve) => {
        const cancel = this.#io.clock.after(wait, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
  }

  #wait(): number {
    const now = this.#io.clock.monotonic();
    const never = Number.POSITIVE_INFINITY;
    const hints = this.#hinted.size === 0 ? never : this.#nextHints - now;
    return Math.min(this.#nextScan - now, this.#changes.wait(now) ?? never, hints);
  }
}
