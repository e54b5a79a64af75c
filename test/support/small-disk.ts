import { statSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Small disk that can be filled; undefined if mounting is not allowed. Needs root and the Debian package mount. */
export function mountSmallDisk(place: string, megabytes: number): SmallDisk | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', place], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return new SmallDisk(place);
}

export class SmallDisk {
  readonly place: string;

  constructor(place: string) {
    this.place = place;
  }

  /** Uses up the last free byte. */
  fill(): void {
    for (const size of [1024 * 1024, 4096]) {
      for (let number = 0; this.#writes(`ballast-${size}-${number}`, size); number += 1);
    }
  }

  /** Frees the room that `fill` used. */
  empty(): void {
    execFileSync('find', [this.place, '-name', 'ballast-*', '-delete']);
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.place]);
  }

  #writes(name: string, size: number): boolean {
    const file = join(this.place, name);
    try {
      writeFileSync(file, Buffer.alloc(size));
      return true;
    } catch {
      rmSync(file, { force: true });
      return false;
    }
  }
}

/** Whether `/dev/full` is the device on which every write fails with ENOSPC, and not a regular file of that name. */
export const hasFullDevice = statSync('/dev/full', { throwIfNoEntry: false })?.isCharacterDevice() === true;
