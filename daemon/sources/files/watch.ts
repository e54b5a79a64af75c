import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { withHops } from '../../core/event/hops.ts';
import type { JsonObject } from '../../core/values/json.ts';
import { Backoff, retry } from '../../lib/async/retry.ts';
import { Faults } from '../../lib/faults.ts';
import { saveInBatches } from '../kit/save-checkpoints.ts';
import { WakeablePause } from '../kit/wait.ts';
import type { FileFacts } from '../facts.ts';
import type { SourceIo } from '../source.ts';
import { compileGlobs, type Globs } from '../watching/globs.ts';
import { type FileState, readState, type Scan } from '../watching/scan.ts';
import { Watcher } from '../watching/watcher.ts';
import { baselineOf, unsettledCheckpoints } from './baseline.ts';
import { type ChangeKind, type FileChange, FileChanges } from './changes.ts';
import { readText } from './content.ts';

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

/** The files and checkpoints at the start of the source. */
interface FirstLook {
  readonly present: Scan;
  readonly checkpoints: ReadonlyMap<string, string>;
}

/** Files and folders with notifications, and the monotonic time of the last one. */
type Hinted = ReadonlyMap<string, number>;

/** Events that are emitted in parallel, so that they share a commit. */
const MAX_PARALLEL = 256;
/** Least time between two scans for notifications: a file that is written all the time raises thousands of them. */
const HINT_PAUSE_MS = 20;
/** Hints beyond which a full scan is cheaper. */
const MAX_HINTS = 10_000;

/** Scans the paths of the kernel's hints, and all files at intervals; emits an event for each settled difference. */
export class FileWatch {
  readonly #settings: FileWatchSettings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #globs: Globs;
  readonly #watcher: Watcher;
  readonly #hinted = new Map<string, number>();
  readonly #backoff = new Backoff();
  readonly #faults: Faults<'scan' | 'hints' | 'intake'>;
  readonly #pause = new WakeablePause();
  #changes: FileChanges;
  /** Cleared when the baseline is made: it is as large as the snapshot. */
  #firstLook: FirstLook | undefined;
  #nextScan = Number.NEGATIVE_INFINITY;
  #nextHints = Number.NEGATIVE_INFINITY;

  constructor(settings: FileWatchSettings, io: SourceIo, signal: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#signal = signal;
    this.#faults = new Faults((text) => io.report(text));
    const globs = compileGlobs(settings.paths, settings.ignore);
    // Known files match: a lookup is cheaper than matching every path at each scan.
    this.#globs = { ...globs, matches: (file) => this.#changes.isKnown(file) || globs.matches(file) };
    this.#changes = new FileChanges(new Map(), settings.settle);
    this.#watcher = new Watcher({
      globs: this.#globs,
      signal,
      onHint: (location) => this.#hint(location),
      onHintFault: (text) => this.#faults.set('hints', text),
    });
  }

  get facts(): FileFacts {
    return { paths: this.#settings.paths, files: this.#changes.count, folders: this.#watcher.folders };
  }

  /** Records the present files. Every later change is an event. */
  async look(): Promise<void> {
    const present = await this.#watcher.firstScan();
    this.#firstLook = { present, checkpoints: await this.#io.readCheckpoints() };
  }

  /** Runs until `signal` aborts. Never rejects: errors are reported and the work is retried. */
  async run(): Promise<void> {
    const { clock } = this.#io;
    const retrying = { clock, signal: this.#signal, onFailure: (why?: string) => this.#faults.set('intake', why) };
    const known = await retry(() => this.#baseline(), retrying);
    if (known === undefined) return;
    this.#firstLook = undefined;
    this.#changes = new FileChanges(known, this.#settings.settle);
    while (!this.#signal.aborted) await retry(() => this.#round(), retrying);
    this.#watcher.close();
    await saveInBatches(this.#io, unsettledCheckpoints(this.#changes.unsettled)).catch((error: unknown) =>
      this.#io.log.warn({ err: error }, 'changes that had not settled are reported at the next start'),
    );
  }

  async #round(): Promise<void> {
    const { clock } = this.#io;
    if (clock.monotonic() >= this.#nextScan || this.#hinted.size > MAX_HINTS) await this.#scanAll();
    const now = clock.monotonic();
    // Due files are examined once more, so that a change that is still going on is not reported.
    const due = this.#changes.due(now).map(({ file }) => file);
    const hinted = await this.#takeHints();
    await this.#scanLocations([...hinted.keys(), ...due], hinted);
    await this.#emitAll(this.#changes.due(now));
    for (let wait = this.#wait(); wait > 0 && !this.#signal.aborted; wait = this.#wait())
      await this.#pause.wait(clock, wait, this.#signal);
  }

  async #baseline(): Promise<Map<string, FileState>> {
    const { present, checkpoints: checkpointsBefore } = this.#firstLook!;
    const { paths, ignore, initial, missed } = this.#settings;
    const patterns = JSON.stringify([paths, ignore]);
    const checkpoints = await this.#io.readCheckpoints();
    const input = { globs: this.#globs, patterns, initial, missed, present, checkpointsBefore, checkpoints };
    const baseline = baselineOf(input);
    await saveInBatches(this.#io, baseline.checkpoints);
    return baseline.known;
  }

  async #scanAll(): Promise<void> {
    const hinted = new Map(this.#hinted);
    this.#hinted.clear();
    const seen = await this.#watcher.scanAll();
    if (seen === undefined) return;
    this.#faults.set('scan', seen.fault);
    this.#compare(seen, this.#changes.all(), hinted);
    this.#nextScan = this.#io.clock.monotonic() + this.#settings.rescan;
  }

  async #scanLocations(locations: readonly string[], hinted: Hinted): Promise<void> {
    const scanned = await this.#watcher.scanLocations(locations, () => this.#changes.all());
    if (scanned !== undefined) this.#compare(scanned.seen, scanned.candidates, hinted);
  }

  /** `candidates`: known files that the scan covers. A file has had its state since its last notification. */
  #compare(seen: Scan, candidates: Iterable<string>, hinted: Hinted): void {
    const now = this.#io.clock.monotonic();
    const absent = [...candidates].filter((file) => !seen.files.has(file));
    for (const [file, state] of seen.files) this.#changes.observe(file, state, now, hinted.get(file));
    for (const file of absent) {
      if (!seen.covers(file)) this.#changes.unsettle(file, now);
      else if (this.#changes.isKnown(file)) this.#changes.observe(file, undefined, now, hinted.get(file));
    }
  }

  async #emitAll(changes: readonly FileChange[]): Promise<void> {
    for (let from = 0; from < changes.length && !this.#signal.aborted; from += MAX_PARALLEL) {
      const batch = changes.slice(from, from + MAX_PARALLEL);
      const results = await Promise.allSettled(batch.map((change) => this.#emit(change)));
      const refusal = results.find((result) => result.status === 'rejected');
      if (refusal === undefined) {
        this.#backoff.reset();
        this.#faults.set('intake', undefined);
        continue;
      }
      // The change stays due and is retried after the pause.
      this.#faults.set('intake', `a change was not accepted: ${(refusal.reason as Error).message}`);
      return this.#backoff.wait(this.#io.clock, this.#signal);
    }
  }

  /** Emits a change. The snapshot moves on in the transaction of the event, so that a crash neither repeats nor loses it. */
  async #emit(change: FileChange): Promise<void> {
    const { file, kind, state } = change;
    const checkpoints = [{ key: file, value: state ?? null }];
    if (!this.#settings.events.includes(kind)) await this.#io.saveCheckpoints(checkpoints);
    else {
      const data = await this.#dataOf(change);
      if (data === undefined) return this.#changes.unsettle(file, this.#io.clock.monotonic());
      const hops = state === undefined ? 0 : this.#io.writes.hopsOfState(state);
      await this.#io.emit(withHops({ type: `file.${kind}`, subject: file, data }, hops), checkpoints);
    }
    this.#changes.markReported(change);
  }

  /** The data of the event; undefined when the file changed while it was read. */
  async #dataOf({ file, state, before }: FileChange): Promise<JsonObject | undefined> {
    const { content } = this.#settings;
    const data = { ...fieldsOfName(file), ...readState(state ?? before ?? '') };
    if (state === undefined || content === undefined) return data;
    const read = await readText(file, state, content);
    if (read.moved) return undefined;
    return read.text === undefined ? data : { ...data, content: read.text };
  }

  #hint(location: string): void {
    const now = this.#io.clock.monotonic();
    this.#hinted.set(location, now);
    if (this.#hinted.size > 1) return;
    // With a short `settle` the scan waits until all notifications of one write have arrived.
    this.#nextHints = Math.max(this.#nextHints, now + HINT_PAUSE_MS - this.#settings.settle);
    this.#pause.wake();
  }

  /** Takes the hints. A changed link is replaced by its folder, because other files may lead through it, as with `..data` of Kubernetes. */
  async #takeHints(): Promise<Hinted> {
    const hinted = [...this.#hinted];
    this.#hinted.clear();
    this.#nextHints = this.#io.clock.monotonic() + HINT_PAUSE_MS;
    const resolved = hinted.map(async ([location, at]): Promise<[string, number]> => {
      if (this.#globs.matches(location) || this.#globs.mayContain(location) || this.#watcher.watches(location))
        return [location, at];
      const found = await lstat(location).catch(() => undefined);
      return [found?.isSymbolicLink() === true ? path.dirname(location) : location, at];
    });
    return new Map(await Promise.all(resolved));
  }

  /** Milliseconds until there is something to do. */
  #wait(): number {
    const now = this.#io.clock.monotonic();
    const never = Number.POSITIVE_INFINITY;
    const hints = this.#hinted.size === 0 ? never : this.#nextHints - now;
    return Math.min(this.#nextScan - now, this.#changes.nextDueIn(now) ?? never, hints);
  }
}

/** Fields of an event that follow from the path. */
export const fieldsOfName = (file: string) => ({
  path: file,
  name: path.basename(file),
  dir: path.dirname(file),
  ext: path.extname(file),
});
