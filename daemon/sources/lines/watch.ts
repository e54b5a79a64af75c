import { pause } from '../../lib/time/clock.ts';
import { retry } from '../../lib/async/retry.ts';
import { Faults } from '../../lib/faults.ts';
import { saveInBatches } from '../kit/save-checkpoints.ts';
import { settledBeforeAbort, WakeablePause } from '../kit/wait.ts';
import type { FileFacts } from '../facts.ts';
import type { SourceIo } from '../source.ts';
import { compileGlobs, type Globs, isBelow } from '../watching/globs.ts';
import type { Scan } from '../watching/scan.ts';
import { Watcher } from '../watching/watcher.ts';
import { compileLinePattern } from './pattern.ts';
import { ReadLoop } from './read-loop.ts';
import { baselineCheckpoints } from './record.ts';
import { type Times, TrackedFiles } from './tracked-files.ts';

/** Sizes in bytes. */
export interface LineWatchSettings {
  readonly paths: readonly string[];
  readonly match: string | undefined;
  readonly from: 'end' | 'start';
  readonly maxLine: number;
}

/** Interval of full scans. It is longer when a scan takes more than a twentieth of it. */
const SCAN_INTERVAL_MS = 2000;
const SCAN_SHARE = 20;
/** Delay from a notification to the scan, since one write raises several. */
const HINT_PAUSE_MS = 20;
/** Hints beyond which a full scan is cheaper. */
const MAX_HINTS = 10_000;
/** Interval at which positions after skipped lines are saved. */
const SAVE_INTERVAL_MS = 10_000;

/** Scans the paths of the kernel's hints, and all files every few seconds; the read loop reads the changed files. */
export class LineWatch {
  readonly #settings: LineWatchSettings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #globs: Globs;
  readonly #watcher: Watcher;
  readonly #hinted = new Set<string>();
  readonly #faults: Faults<'scan' | 'hints' | 'read' | 'intake' | 'store'>;
  readonly #pause = new WakeablePause();
  #files: TrackedFiles;
  #nextScan = Number.NEGATIVE_INFINITY;
  #nextSave = Number.NEGATIVE_INFINITY;
  /** Earliest retry of a failed save. */
  #noSaveBefore = Number.NEGATIVE_INFINITY;
  #isFirstScan = true;

  constructor(settings: LineWatchSettings, io: SourceIo, signal: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#signal = signal;
    this.#faults = new Faults((text) => io.report(text));
    this.#globs = compileGlobs(settings.paths, []);
    this.#files = new TrackedFiles(this.#globs, new Map());
    this.#watcher = new Watcher({
      globs: this.#globs,
      signal,
      onHint: (location) => this.#hint(location),
      onHintFault: (text) => this.#faults.set('hints', text),
    });
  }

  /** Records the present files. Lines that are written later are always read. */
  look(): Promise<Scan> {
    return this.#watcher.firstScan();
  }

  get facts(): FileFacts {
    return { paths: this.#settings.paths, files: this.#files.count, folders: this.#watcher.folders };
  }

  detail(): string {
    const { count } = this.#files;
    return count === 1 ? '1 file' : `${count} files`;
  }

  /** Runs until `signal` aborts. Never rejects: errors are reported and the work is retried. */
  async run(present: Scan): Promise<void> {
    await settledBeforeAbort(this.#io.live, this.#signal);
    const onFailure = (why: string | undefined): void => this.#faults.set('intake', why);
    const retrying = { clock: this.#io.clock, signal: this.#signal, onFailure };
    const files = await retry(() => this.#baseline(present), retrying);
    if (files === undefined) return;
    this.#files = files;
    const reading = new ReadLoop({
      io: this.#io,
      files,
      pattern: compileLinePattern(this.#settings.match),
      maxLine: this.#settings.maxLine,
      signal: this.#signal,
      onReadFault: (text) => this.#faults.set('read', text),
      onRefused: onFailure,
    });
    while (!this.#signal.aborted) await retry(() => this.#round(reading), retrying);
    this.#watcher.close();
    await reading.ended();
    await this.#save().catch((error: unknown) =>
      this.#io.log.warn({ err: error }, 'lines that do not match are read again at the next start'),
    );
    await reading.close();
  }

  async #baseline(present: Scan): Promise<TrackedFiles> {
    const { paths, from } = this.#settings;
    const checkpoints = await this.#io.readCheckpoints();
    const input = { paths, from, present, checkpoints, now: this.#io.clock.now() };
    await saveInBatches(this.#io, baselineCheckpoints(input));
    return new TrackedFiles(this.#globs, await this.#io.readCheckpoints());
  }

  /** Scans go on while lines wait to be stored, so that renames during that time are noticed. */
  async #round(reading: ReadLoop): Promise<void> {
    const { clock } = this.#io;
    if (clock.monotonic() >= this.#nextScan || this.#hinted.size > MAX_HINTS) {
      await this.#scanAll();
      reading.retry();
    }
    await this.#scanHinted();
    await this.#saveIfDue();
    reading.start();
    if (this.#hinted.size === 0) await this.#pause.wait(clock, this.#nextScan - clock.monotonic(), this.#signal);
    // One write raises several notifications.
    if (this.#hinted.size > 0) await pause(clock, HINT_PAUSE_MS, this.#signal);
  }

  async #scanAll(): Promise<void> {
    const { clock } = this.#io;
    const begun = clock.monotonic();
    this.#hinted.clear();
    const seen = await this.#watcher.scanAll();
    if (seen === undefined) return;
    this.#faults.set('scan', seen.fault);
    await this.#files.compare(seen, this.#files.paths(), this.#now());
    if (this.#isFirstScan) await this.#files.findRenamed(seen, this.#now());
    this.#isFirstScan = false;
    for (const file of this.#files.orphans()) this.#files.markDue(file);
    const ended = clock.monotonic();
    this.#nextScan = ended + Math.max(SCAN_INTERVAL_MS, SCAN_SHARE * (ended - begun));
  }

  async #scanHinted(): Promise<void> {
    const hinted = [...this.#hinted];
    this.#hinted.clear();
    for (const location of hinted) this.#files.hint(location);
    const isWatched = (location: string): boolean =>
      this.#watcher.watches(location) || this.#globs.mayContain(location);
    const wanted = hinted.filter((location) => this.#globs.matches(location) || isWatched(location));
    // A hinted folder may be a parent of a base.
    const bases = this.#globs.bases.map((base) => base.path);
    const concerned = bases.filter((base) => hinted.some((location) => isBelow(location, base)));
    const locations = [...new Set([...wanted, ...concerned])];
    const scanned = await this.#watcher.scanLocations(locations, () => this.#files.paths());
    if (scanned !== undefined) await this.#files.compare(scanned.seen, scanned.candidates, this.#now());
  }

  async #saveIfDue(): Promise<void> {
    const now = this.#io.clock.monotonic();
    if (now < this.#noSaveBefore || (now < this.#nextSave && !this.#files.hasNew)) return;
    try {
      await this.#save();
      this.#nextSave = now + SAVE_INTERVAL_MS;
      this.#faults.set('store', undefined);
    } catch (error) {
      this.#noSaveBefore = now + SCAN_INTERVAL_MS;
      this.#faults.set('store', `the position was not stored: ${(error as Error).message}`);
    }
  }

  /** Saves positions that were not saved with an event. */
  async #save(): Promise<void> {
    const checkpoints = this.#files.unstored();
    await saveInBatches(this.#io, checkpoints);
    this.#files.stored(checkpoints);
  }

  #now(): Times {
    return { now: this.#io.clock.monotonic(), wall: this.#io.clock.now() };
  }

  #hint(location: string): void {
    this.#hinted.add(location);
    this.#pause.wake();
  }
}
