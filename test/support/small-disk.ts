import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A disk of its own that can be filled; undefined where mounting is not allowed. It needs root, and the Debian package mount. */
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

  /** Takes the last free byte. */
  fill(): void {
    for (const size of [1024 * 1024, 4096]) {
      for (let number = 0; this.#writes(`ballast-${size}-${number}`, size); number += 1);
    }
  }

  /** Gives back what `fill` took. */
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
