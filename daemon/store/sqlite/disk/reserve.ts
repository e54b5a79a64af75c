import { rmSync, statSync } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * A file of room set aside: on a full disk it is given up, so that what is on its way can still be settled, and while it is
 * not back no new event is taken. So "full" is noticed while there is still room to act.
 */
export class Reserve {
  readonly #file: string | undefined;
  readonly #size: number;
  #whole: boolean;
  #restoring: Promise<boolean> | undefined;

  /** Without a directory there is nothing to reserve. */
  constructor(directory: string | undefined, size: number) {
    this.#file = directory === undefined || size === 0 ? undefined : join(directory, 'reserve');
    this.#size = size;
    this.#whole = this.#file === undefined || sizeOf(this.#file) >= size;
  }

  get whole(): boolean {
    return this.#whole;
  }

  release(): void {
    if (this.#file === undefined) return;
    this.#whole = false;
    rmSync(this.#file, { force: true });
  }

  /** Whether the room is there (again). Callers at the same time share one attempt. */
  restore(): Promise<boolean> {
    this.#restoring ??= this.#fill().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    await this.#restoring;
  }

  /** Asked first, so that a flood of events on a full disk does not write and delete without end. */
  async #hasRoom(): Promise<boolean> {
    const disk = await statfs(dirname(this.#file!)).catch(() => undefined);
    return disk !== undefined && disk.bavail * disk.bsize >= this.#size + MARGIN;
  }

  async #fill(): Promise<boolean> {
    if (this.#whole || this.#file === undefined) return true;
    if (!(await this.#hasRoom())) return false;
    try {
      const handle = await open(this.#file, 'w', 0o600);
      try {
        const block = Buffer.alloc(64 * 1024);
        for (let left = this.#size; left > 0; left -= block.length) await handle.writeFile(block.subarray(0, left));
      } finally {
        await handle.close();
      }
      this.#whole = true;
    } catch {
      await rm(this.#file, { force: true });
    }
    return this.#whole;
  }
}

/** What must be free beside the reserve, so that the first event after it is not refused again. */
const MARGIN = 256 * 1024;

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
