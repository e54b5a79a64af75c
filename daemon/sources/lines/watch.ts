import path from 'node:path';
import { pause } from '../../lib/time/clock.ts';
import { compileGlobs, type Globs, isBelow } from '../watching/globs.ts';
import { Hints } from '../watching/hints.ts';
import { type Scan, scan } from '../watching/scan.ts';
import { LineFiles, type Moment } from './files.ts';
import { baselineCheckpoints } from './baseline.ts';
import { compileLinePattern } from './pattern.ts';
import { LineReading } from './reading.ts';
import { LineTelling } from './emitter.ts';
import { persevere } from '../../lib/async/retry.ts';
import type { Checkpoint, SourceIo } from '../source.ts';

/** Sizes in bytes. */
export interface LineWatchSettings {
  readonly paths: readonly string[];
  readonly match: string | undefined;
  readonly from: 'end' | 'start';
  readonly maxLine: number;
}

/** How often everything is looked at, milliseconds; less often when looking takes longer than a twentieth of that. */
const LOOK_EVERY = 2000;
const LOOK_PART = 20;
/** How soon a notification is looked into, milliseconds: one write raises several. */
const HINT_REST = 20;
/** With more hints than these it is cheaper to look at everything. */
const MOST_HINTS = 10_000;
/** How often it is stored how far lines were read that were of no interest, milliseconds. */
const STORED_EVERY = 10_000;
const MAX_BATCH = 1000;
type Trouble = 'scan' | 'hints' | 'read' | 'intake' | 'store';

/** Looks where it is hinted at, and everywhere every few seconds; reads what has changed and tells its lines. */
export class LineWatch {
  readonly #settings: LineWatchSettings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #globs: Globs;
  readonly #hints: Hints;
  readonly #telling: LineTelling;
  readonly #hinted = new Set<string>();
  readonly #troubles = new Map<Trouble, string>();
  #files: LineFiles;
  #nextLook = Number.NEGATIVE_INFINITY;
  #nextStore = Number.NEGATIVE_INFINITY;
  #noStoreBefore = Number.NEGATIVE_INFINITY;
  #isFirst = true;
  #wake: () => void = () => undefined;

  constructor(settings: LineWatchSettings, io: SourceIo, signal: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#signal = signal;
    this.#globs = compileGlobs(settings.paths, []);
    this.#files = new LineFiles(this.#globs, new Map());
    this.#hints = new Hints({
      globs: this.#globs,
      hint: (place) => this.#hint(place),
      trouble: (text) => this.#trouble('hints', text),
    });
    const refused = (why: string | undefined): void => this.#trouble('intake', why);
    this.#telling = new LineTelling({ io, pattern: compileLinePattern(settings.match), signal, refused });
  }

  look(): Promise<Scan> {
    return scan(this.#globs, this.#bases(), this.#signal);
  }

  detail(): string {
    const { count } = this.#files;
    return count === 1 ? '1 file' : `${count} files`;
  }

  /** Until `signal` aborts. Does not reject: what goes wrong is reported and tried again. */
  async run(present: Scan): Promise<void> {
    await Promise.race([this.#io.live, aborted(this.#signal)]);
    const files = await persevere(() => this.#outset(present), this.#trying());
    if (files === undefined) return;
    this.#files = files;
    const reading = new LineReading({
      io: this.#io,
      files,
      telling: this.#telling,
      maxLine: this.#settings.maxLine,
      signal: this.#signal,
      trouble: (text) => this.#trouble('read', text),
    });
    while (!this.#signal.aborted) await persevere(() => this.#round(reading), this.#trying());
    this.#hints.close();
    await reading.ended();
    await this.#store().catch((error: unknown) =>
      this.#io.log.warn({ err: error }, 'lines that were of no interest are read again at the next start'),
    );
    await reading.close();
  }

  async #outset(present: Scan): Promise<LineFiles> {
    const { paths, from } = this.#settings;
    await this.#save(
      baselineCheckpoints({
        paths,
        from,
        present,
        checkpoints: await this.#io.readCheckpoints(),
        now: this.#io.clock.now(),
      }),
    );
    return new LineFiles(this.#globs, await this.#io.readCheckpoints());
  }

  /** Looking goes on while lines wait to be taken: who comes and goes then must not be missed. */
  async #round(reading: LineReading): Promise<void> {
    const { clock } = this.#io;
    if (clock.monotonic() >= this.#nextLook || this.#hinted.size > MOST_HINTS) {
      await this.#lookAtAll();
      reading.retry();
    }
    await this.#lookAt([...this.#hinted]);
    await this.#storeIfDue();
    reading.start();
    await this.#rest(this.#nextLook - clock.monotonic());
  }

  async #lookAtAll(): Promise<void> {
    const { clock } = this.#io;
    const begun = clock.monotonic();
    this.#hinted.clear();
    await this.#hints.lookUp();
    const seen = await scan(this.#globs, this.#bases(), this.#signal, (folder, id) => this.#hints.enter(folder, id));
    if (this.#signal.aborted) return;
    this.#hints.settle(seen.folders);
    this.#trouble('scan', seen.trouble);
    await this.#files.see(seen, this.#files.places(), this.#now());
    if (this.#isFirst) await this.#files.findMoved(seen, this.#now());
    this.#isFirst = false;
    for (const file of this.#files.strays()) this.#files.wake(file);
    const ended = clock.monotonic();
    this.#nextLook = ended + Math.max(LOOK_EVERY, LOOK_PART * (ended - begun));
  }

  async #lookAt(hinted: readonly string[]): Promise<void> {
    this.#hinted.clear();
    for (const place of hinted) this.#files.hint(place);
    const isWatched = (place: string): boolean => this.#hints.watches(place) || this.#globs.enters(place);
    const wanted = hinted.filter((place) => this.#globs.counts(place) || isWatched(place));
    // What came may be a folder above.
    const bases = this.#bases().filter((base) => hinted.some((place) => isBelow(place, base)));
    const places = [...new Set([...wanted, ...bases])];
    if (places.length === 0) return;
    if (bases.length > 0) await this.#hints.lookUp();
    const seen = await scan(this.#globs, places, this.#signal, (folder, id) => this.#hints.enter(folder, id));
    if (this.#signal.aborted) return;
    const gone = places.filter((place) => this.#hints.watches(place) && !seen.folders.has(place) && seen.sees(place));
    for (const folder of gone) this.#hints.leave(folder);
    const looked = new Set([...places, ...seen.folders]);
    const isOnlyFiles = seen.folders.size === 0 && gone.length === 0;
    const candidates = isOnlyFiles ? places : [...this.#files.places()].filter((file) => isWithin(looked, file));
    await this.#files.see(seen, candidates, this.#now());
  }

  async #storeIfDue(): Promise<void> {
    const now = this.#io.clock.monotonic();
    if (now < this.#noStoreBefore || (now < this.#nextStore && !this.#files.hasNew)) return;
    try {
      await this.#store();
      this.#nextStore = now + STORED_EVERY;
      this.#trouble('store', undefined);
    } catch (error) {
      this.#noStoreBefore = now + LOOK_EVERY;
      this.#trouble('store', `how far it read was not stored: ${(error as Error).message}`);
    }
  }

  /** Stores what was read but was not told. */
  async #store(): Promise<void> {
    const checkpoints = this.#files.unstored();
    await this.#save(checkpoints);
    this.#files.stored(checkpoints);
  }

  #now(): Moment {
    return { now: this.#io.clock.monotonic(), wall: this.#io.clock.now() };
  }

  async #save(checkpoints: readonly Checkpoint[]): Promise<void> {
    for (let from = 0; from < checkpoints.length; from += MAX_BATCH)
      await this.#io.saveCheckpoints(checkpoints.slice(from, from + MAX_BATCH));
  }

  #bases(): string[] {
    return this.#globs.bases.map((base) => base.path);
  }

  #trying() {
    const refused = (why: string | undefined): void => this.#trouble('intake', why);
    return { clock: this.#io.clock, signal: this.#signal, refused };
  }

  #trouble(kind: Trouble, text: string | undefined): void {
    if (text === this.#troubles.get(kind)) return;
    if (text === undefined) this.#troubles.delete(kind);
    else this.#troubles.set(kind, text);
    this.#io.report(this.#troubles.size === 0 ? undefined : [...this.#troubles.values()].join('; '));
  }

  #hint(place: string): void {
    this.#hinted.add(place);
    this.#wake();
  }

  /** Until `ms` have passed or something is hinted at; then until the hints that come with it are there too. */
  async #rest(ms: number): Promise<void> {
    const { clock } = this.#io;
    if (this.#hinted.size === 0 && ms > 0 && !this.#signal.aborted) {
      const woken = new AbortController();
      const stop = (): void => woken.abort();
      this.#wake = stop;
      this.#signal.addEventListener('abort', stop, { once: true });
      await pause(clock, ms, woken.signal);
      this.#signal.removeEventListener('abort', stop);
      this.#wake = () => undefined;
    }
    if (this.#hinted.size > 0) await pause(clock, HINT_REST, this.#signal);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function isWithin(places: ReadonlySet<string>, file: string): boolean {
  for (let at = file; at !== path.dirname(at); at = path.dirname(at)) if (places.has(at)) return true;
  return false;
}
