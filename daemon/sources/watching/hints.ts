import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Base, Globs } from './globs.ts';

interface Watch {
  readonly id: string;
  /** The folder may contain matching files; otherwise it is a parent of a base. */
  readonly inside: boolean;
  readonly watcher: FSWatcher;
}

/** A parent folder of a base: a change of `name` in it may create, delete or replace the base. */
interface Parent {
  readonly folder: string;
  readonly base: string;
  /** undefined: any name, because the base may be a link to a file in the same folder. */
  readonly name: string | undefined;
}

export interface HintsDeps {
  readonly globs: Globs;
  /** Called when this file or folder may have changed. */
  readonly onHint: (location: string) => void;
  /** The kernel sends no notifications, and why; undefined: it sends them again. */
  readonly onFault: (text: string | undefined) => void;
}

/**
 * Notifications of the kernel (inotify), with one watch per folder and none per file, so that the cost does not depend on the number
 * of files. Notifications may be late, repeated or lost, so they only show where to scan.
 */
export class Hints {
  readonly #deps: HintsDeps;
  readonly #parents: readonly Parent[];
  readonly #watched = new Map<string, Watch>();
  #fault: string | undefined;

  constructor(deps: HintsDeps) {
    this.#deps = deps;
    this.#parents = deps.globs.bases.flatMap(parentsOf);
  }

  /** Whether this is, or was a short time ago, a watched folder. */
  watches(folder: string): boolean {
    return this.#watched.has(folder);
  }

  /** Watches a folder. `id` differs when the folder was replaced by another one of the same name. */
  watchFolder(folder: string, id: string): void {
    const watched = this.#watched.get(folder);
    if (watched?.id === id && watched.inside) return;
    this.#watch(folder, { id, inside: true }, (name) => {
      this.#deps.onHint(name === null ? folder : path.join(folder, name));
      this.#hintBases(folder, name);
    });
  }

  /** Removes watches of folders that do not exist, reports the fault, and lets the next scan retry. Call it after a full scan. */
  reconcile(folders: ReadonlySet<string>): void {
    for (const [folder, { inside }] of this.#watched) if (inside && !folders.has(folder)) this.unwatch(folder);
    this.#deps.onFault(this.#fault);
    this.#fault = undefined;
  }

  /** Watches the existing parents of the bases, top down. Call it before a scan of the bases, so that no new base is missed. */
  async watchParents(): Promise<void> {
    for (const folder of new Set(this.#parents.map((parent) => parent.folder).toReversed())) {
      const found = await stat(folder, { bigint: true }).catch(() => undefined);
      const watched = this.#watched.get(folder);
      const id = found === undefined ? undefined : `${found.dev},${found.ino},${found.birthtimeNs}`;
      if (watched?.inside === true || watched?.id === id) continue;
      if (id === undefined) this.unwatch(folder);
      else this.#watch(folder, { id, inside: false }, (name) => this.#hintBases(folder, name));
    }
  }

  unwatch(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }

  close(): void {
    for (const folder of this.#watched.keys()) this.unwatch(folder);
  }

  /** Hints at the bases that a change of `name` in `folder` may concern. A null name is any name. */
  #hintBases(folder: string, name: string | null): void {
    for (const parent of this.#parents) {
      if (parent.folder !== folder) continue;
      if (name === null || parent.name === undefined || parent.name === name) this.#deps.onHint(parent.base);
    }
  }

  /** Number of watched folders. */
  get count(): number {
    return [...this.#watched.values()].filter(({ inside }) => inside).length;
  }

  #watch(folder: string, { id, inside }: Omit<Watch, 'watcher'>, onChange: (name: string | null) => void): void {
    this.unwatch(folder);
    if (this.#fault !== undefined) return;
    try {
      const watcher = watch(folder, (event, name) => {
        onChange(name);
        if (event !== 'rename' || name !== path.basename(folder)) return;
        // The folder was deleted or renamed, which ends the watch; or an entry in it has the same name.
        this.#drop(folder, watcher);
        onChange(null);
      });
      watcher.on('error', (error) => {
        this.#drop(folder, watcher);
        this.#setFault(error);
      });
      this.#watched.set(folder, { id, inside, watcher });
    } catch (error) {
      this.#setFault(error);
    }
  }

  /** Removes a watch that has ended. The next scan of the folder sets a new one. */
  #drop(folder: string, watcher: FSWatcher): void {
    if (this.#watched.get(folder)?.watcher === watcher) this.#watched.delete(folder);
    watcher.close();
  }

  #setFault(error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    // The folder does not exist or is not accessible; the scan reports this if it matters.
    if (HARMLESS.has(code)) return;
    const mend = MENDS[code] === undefined ? '' : `; ${MENDS[code]}`;
    this.#fault = `the kernel sends no notifications (${code})${mend}; until then changes are found by scanning`;
    this.#deps.onFault(this.#fault);
  }
}

const HARMLESS = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);
const MENDS: Readonly<Record<string, string>> = {
  ENOSPC: 'raise `fs.inotify.max_user_watches` (sysctl)',
  EMFILE: 'raise `fs.inotify.max_user_instances` (sysctl) or the limit of open files',
};

function parentsOf({ path: base, named }: Base): Parent[] {
  const found: Parent[] = [];
  for (let at = base; at !== path.dirname(at); at = path.dirname(at)) {
    const name = named && at === base ? undefined : path.basename(at);
    found.push({ folder: path.dirname(at), base, name });
  }
  return found;
}
