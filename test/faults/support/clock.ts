import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Home } from '../../support/daemon.ts';

/** Library of the Debian package `faketime`, where it installs it. */
const LIBRARY = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`)
  .find((file) => existsSync(file));

/** End of the title of a test that needs a clock that can be set. */
export const clockSkipped = LIBRARY === undefined ? ' (skipped: needs the Debian package faketime)' : '';

/** Wall clock of the daemons of a home, which a test sets while they run. The monotonic clock stays the real one. */
export class FakeClock {
  readonly #file: string;
  #offset: number;

  /** `offset`: milliseconds between the real clock and that of the daemons. */
  constructor(home: Home, offset = 0) {
    this.#file = home.path('clock');
    this.#offset = offset;
    this.set(offset);
    Object.assign(home.env, {
      LD_PRELOAD: LIBRARY!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Times of files stay real, so that the watch of the rules and the shown ages are not part of the fault.
      NO_FAKE_STAT: '1',
    });
  }

  /** Time of the daemons, milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#offset;
  }

  set(offset: number): void {
    this.#offset = offset;
    // The file is replaced as a whole, because the library may read it at any time.
    const aside = path.join(path.dirname(this.#file), 'clock.new');
    writeFileSync(aside, `${offset < 0 ? '-' : '+'}${(Math.abs(offset) / 1000).toFixed(3)}s\n`);
    renameSync(aside, this.#file);
  }

  setTo(time: number): void {
    this.set(time - Date.now());
  }

  step(milliseconds: number): void {
    this.set(this.#offset + milliseconds);
  }
}
