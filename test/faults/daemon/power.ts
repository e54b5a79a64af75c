import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

const BYTES = 128 * 1024 * 1024;

/** Disk of its own for a folder: an ext4 file system in a file. Data that was not synced inside it is not in the file. */
export class PowerDisk {
  readonly #folder: string;
  readonly #place: string;
  readonly #image: string;

  private constructor(folder: string, place: string) {
    this.#folder = folder;
    this.#place = place;
    this.#image = path.join(folder, 'disk.img');
  }

  /** Mounts a new disk at `place`; undefined if mounting is not allowed. Needs root and the Debian packages mount and e2fsprogs. */
  static mount(place: string): PowerDisk | undefined {
    const folder = mkdtempSync(path.join(tmpdir(), 'belfry-disk-'));
    const disk = new PowerDisk(folder, place);
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      writeFileSync(disk.#image, '');
      truncateSync(disk.#image, BYTES);
      run('mkfs.ext4', '-q', '-F', disk.#image);
      disk.#mount();
      return disk;
    } catch {
      rmSync(folder, { recursive: true });
      return undefined;
    }
  }

  /** Stops the process, and takes the disk as it would be after a power cut now. `end` must kill the process. */
  async cut(pid: number, end: () => Promise<void>): Promise<void> {
    const copy = path.join(this.#folder, 'copy.img');
    freeze(pid);
    run('cp', '--sparse=always', this.#image, copy);
    await end();
    run('umount', '-l', this.#place);
    renameSync(copy, this.#image);
    this.#mount();
  }

  remove(): void {
    run('umount', '-l', this.#place);
    rmSync(this.#folder, { recursive: true });
  }

  #mount(): void {
    run('mount', '-o', 'loop', this.#image, this.#place);
  }
}

/** Stops all threads of a process; returns when the kernel reports it as stopped. */
export function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) continue;
}
