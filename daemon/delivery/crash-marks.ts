import {
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Clock } from '../lib/time/clock.ts';
import type { Log } from '../lib/log.ts';

/** Crashes in a row, each while the message was made, after which a delivery is not attempted any more. */
const MAX_CRASHES = 3;
/** Time after the beginning of an attempt in which a crash counts for it, if it has sent no request before. */
const MARK_MS = 1000;
/** Time after an unclean stop in which attempts are marked. */
const MARKING_MS = 10 * 60_000;

type Attempt<T> = (onSent: () => void) => Promise<T>;

const NOTHING = (): void => undefined;

/**
 * Finds deliveries at whose attempts the daemon crashes. A file exists while the daemon runs, so a start that finds it follows a
 * crash. From then on each attempt is marked in the file until its message is made, and a delivery that is marked at several
 * crashes in a row is set aside. Deliveries that were marked once are attempted one at a time, so that no other is taken for the cause.
 *
 * Marks survive the end of the process without a sync. While there was no crash nothing is marked, so that attempts cost nothing.
 */
export class CrashMarks {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #crashes: Map<string, number>;
  #descriptor: number | undefined;
  #isMarking: boolean;
  #cancel = NOTHING;
  /** Resolves when the last delivery that was marked before has made its message. */
  #previous: Promise<void> = Promise.resolve();

  /** Marks nothing if the file cannot be written. */
  constructor(file: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#file = file;
    this.#clock = clock;
    const before = textOf(file);
    this.#isMarking = before !== undefined;
    this.#crashes = crashesIn(before ?? '');
    try {
      const aside = path.join(path.dirname(file), `.${path.basename(file)}`);
      writeFileSync(aside, [...this.#crashes].map(([id, count]) => lineOf('=', id, count)).join(''), { mode: 0o600 });
      renameSync(aside, file);
      this.#descriptor = openSync(file, 'a');
    } catch (error) {
      log.warn(
        { error: (error as Error).message },
        'attempts cannot be marked: a message that ends the daemon is tried again',
      );
    }
    if (!this.#isMarking) return;
    const level = this.#crashes.size > 0 ? 'warn' : 'info';
    log[level]({ marked: this.#crashes.size }, 'the daemon did not stop cleanly; attempts are marked for ten minutes');
    this.#cancel = clock.after(MARKING_MS, () => this.#stopMarking());
  }

  /** Attempts are marked: the last stop was a crash, and not long ago. */
  get isMarking(): boolean {
    return this.#isMarking;
  }

  /** Whether the daemon has crashed too often while it made the message of this delivery. */
  isPoison(id: string): boolean {
    return (this.#crashes.get(id) ?? 0) >= MAX_CRASHES;
  }

  /** Makes an attempt, which calls `onSent` when the message is made and handed to the connection. */
  async run<T>(id: string, attempt: Attempt<T>): Promise<T> {
    if (!this.#isMarking) return await attempt(NOTHING);
    const end = this.#crashes.has(id) ? await this.#turn() : NOTHING;
    this.#write('+', id);
    let isMarked = true;
    const clear = (): void => {
      if (!isMarked) return;
      isMarked = false;
      cancel();
      this.#write('-', id);
      end();
    };
    const cancel = this.#clock.after(MARK_MS, clear);
    try {
      return await attempt(clear);
    } finally {
      clear();
    }
  }

  /** Ends the marks at a clean stop. */
  close(): void {
    this.#cancel();
    this.#isMarking = false;
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    rmSync(this.#file, { force: true });
  }

  /** Waits until the message before is made; returns the end of this turn. */
  async #turn(): Promise<() => void> {
    const before = this.#previous;
    let end = NOTHING;
    this.#previous = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }

  #stopMarking(): void {
    this.#isMarking = false;
    this.#crashes.clear();
    if (this.#descriptor !== undefined) ftruncateSync(this.#descriptor);
  }

  /** Writes a mark. A full disk may refuse it; then the daemon may crash once more before the delivery is set aside. */
  #write(sign: '+' | '-', id: string): void {
    if (this.#descriptor === undefined) return;
    try {
      writeSync(this.#descriptor, lineOf(sign, id));
    } catch {
      // The attempt goes on.
    }
  }
}

/** Undefined if there is no such regular file; to read a pipe would block. */
function textOf(file: string): string | undefined {
  try {
    return lstatSync(file).isFile() ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

const lineOf = (sign: string, id: string, count = 0): string => `${sign} ${encodeURIComponent(id)} ${count}\n`;

/** Crashes of each delivery: one more if it was marked at the end, none if its message was made, as before if it was not attempted. */
export function crashesIn(text: string): Map<string, number> {
  const before = new Map<string, number>();
  const marked = new Map<string, number>();
  // A line that a crash has cut does not end, and has no effect.
  for (const [, sign, id, count] of text.matchAll(/^([=+-]) (\S+) (\d{1,9})\n/gm)) {
    if (sign === '=') before.set(id!, Number(count));
    else if (sign === '+') marked.set(id!, (before.get(id!) ?? 0) + 1);
    else {
      marked.delete(id!);
      before.delete(id!);
    }
  }
  return new Map([...before, ...marked].map(([id, count]) => [decodeURIComponent(id), count]));
}
