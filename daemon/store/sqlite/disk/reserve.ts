import { rmSync, statSync } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * File that reserves disk space. On a full disk it is deleted, so that deliveries in flight can still be settled; new events are
 * refused until it could be written again.
 */
export class DiskReserve {
  readonly #file: string | undefined;
  readonly #size: number;
  #isIntact: boolean;
  #restoring: Promise<boolean> | undefined;

  /** Reserves nothing without a directory or a size. `size` in bytes. */
  constructor(directory: string | undefined, size: number) {
    this.#file = directory === undefined || size === 0 ? undefined : join(directory, 'reserve');
    this.#size = size;
    this.#isIntact = this.#file === undefined || sizeOf(this.#file) >= size;
  }

  get isIntact(): boolean {
    return this.#isIntact;
  }

  release(): void {
    if (this.#file === undefined) return;
    this.#isIntact = false;
    rmSync(this.#file, { force: true });
  }

  /** Tries to write the file again; resolves to whether it is there. Simultaneous callers share one attempt. */
  restore(): Promise<boolean> {
    this.#restoring ??= this.#fill().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    await this.#restoring;
  }

  /** Cheap check before the write, so that a flood of events on a full disk does not write and delete the file again and again. */
  async #hasSpace(): Promise<boolean> {
    const disk = await statfs(dirname(this.#file!)).catch(() => undefined);
    return disk !== undefined && disk.bavail * disk.bsize >= this.#size + MARGIN_BYTES;
  }

  async #fill(): Promise<boolean> {
    if (this.#isIntact || this.#file === undefined) return true;
    if (!(await this.#hasSpace())) return false;
    try {
      const handle = await open(this.#file, 'w', 0o600);
      try {
        const block = Buffer.alloc(64 * 1024);
        for (let left = this.#size; left > 0; left -= block.length) await handle.writeFile(block.subarray(0, left));
      } finally {
        await handle.close();
      }
      this.#isIntact = true;
    } catch {
      await rm(this.#file, { force: true });
    }
    return this.#isIntact;
  }
}

/** Free bytes needed beside the reserve, so that the next event is not refused again at once. */
const MARGIN_BYTES = 256 * 1024;

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
