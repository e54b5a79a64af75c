import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Base, Globs } from './globs.ts';

interface Watch {
  readonly id: string;
  /** Files that count may lie in it; otherwise it lies above a base. */
  readonly inside: boolean;
  readonly watcher: FSWatcher;
}

/** A folder above a base: what happens there to `name` may be the base that comes, goes, or is another one. */
interface Above {
  readonly folder: string;
  readonly base: string;
  /** undefined: anything, since the base may be a link to beside it. */
  readonly name: string | undefined;
}

export interface HintsParts {
  readonly globs: Globs;
  /** Something happened at this file or folder, perhaps. */
  readonly hint: (place: string) => void;
  /** The kernel gives no (more) notifications; undefined: it does again. */
  readonly trouble: (text: string | undefined) => void;
}

/**
 * The kernel's notifications, one watch for a folder and none for its files: ten thousand files cost what one costs. They come
 * late, double, or not at all, so they only say where to look.
 */
export class Hints {
  readonly #parts: HintsParts;
  readonly #above: readonly Above[];
  readonly #watched = new Map<string, Watch>();
  #refused: string | undefined;

  constructor(parts: HintsParts) {
    this.#parts = parts;
    this.#above = parts.globs.bases.flatMap(aboveOf);
  }

  /** Whether this is, or was just now, a folder that is watched. */
  watches(folder: string): boolean {
    return this.#watched.has(folder);
  }

  /** `id` tells a folder from another one made anew in its place. */
  enter(folder: string, id: string): void {
    const watched = this.#watched.get(folder);
    if (watched?.id === id && watched.inside) return;
    this.#watch(folder, { id, inside: true }, (name) => {
      this.#parts.hint(name === null ? folder : path.join(folder, name));
      this.#hintBases(folder, name);
    });
  }

  /** After everything was looked at: watches no more what is not there, and tries again what was refused. */
  settle(folders: ReadonlySet<string>): void {
    for (const [folder, { inside }] of this.#watched) if (inside && !folders.has(folder)) this.leave(folder);
    this.#parts.trouble(this.#refused);
    this.#refused = undefined;
  }

  /** Watches the folders above the bases, as far as they exist; the upper ones first, and all before the bases are looked at, so that nothing comes unseen in between. */
  async lookUp(): Promise<void> {
    for (const folder of new Set(this.#above.map((above) => above.folder).toReversed())) {
      const found = await stat(folder, { bigint: true }).catch(() => undefined);
      const watched = this.#watched.get(folder);
      const id = found === undefined ? undefined : `${found.dev},${found.ino},${found.birthtimeNs}`;
      if (watched?.inside === true || watched?.id === id) continue;
      if (id === undefined) this.leave(folder);
      else this.#watch(folder, { id, inside: false }, (name) => this.#hintBases(folder, name));
    }
  }

  leave(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }

  close(): void {
    for (const folder of this.#watched.keys()) this.leave(folder);
  }

  /** What happened in `folder` may concern the bases below it. */
  #hintBases(folder: string, happenedTo: string | null): void {
    for (const above of this.#above) {
      if (above.folder !== folder) continue;
      if (happenedTo === null || above.name === undefined || above.name === happenedTo) this.#parts.hint(above.base);
    }
  }

  #watch(folder: string, { id, inside }: Omit<Watch, 'watcher'>, happened: (name: string | null) => void): void {
    this.leave(folder);
    if (this.#refused !== undefined) return;
    try {
      const watcher = watch(folder, (event, name) => {
        happened(name);
        if (event !== 'rename' || name !== path.basename(folder)) return;
        // The folder itself came to an end, and the watch with it; or something in it has its name.
        this.#drop(folder, watcher);
        happened(null);
      });
      watcher.on('error', (error) => {
        this.#drop(folder, watcher);
        this.#refuse(error);
      });
      this.#watched.set(folder, { id, inside, watcher });
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** It is watched anew when it is next looked at. */
  #drop(folder: string, watcher: FSWatcher): void {
    if (this.#watched.get(folder)?.watcher === watcher) this.#watched.delete(folder);
    watcher.close();
  }

  #refuse(error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    // Gone meanwhile, or not to be seen by us; the scan says so if it matters.
    if (HARMLESS.has(code)) return;
    const mend = MENDS[code] === undefined ? '' : `; ${MENDS[code]}`;
    this.#refused = `the kernel gives no notifications (${code})${mend}; changes are found by scanning meanwhile`;
    this.#parts.trouble(this.#refused);
  }
}

const HARMLESS = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);
const MENDS: Readonly<Record<string, string>> = {
  ENOSPC: 'raise `fs.inotify.max_user_watches` (sysctl)',
  EMFILE: 'raise `fs.inotify.max_user_instances` (sysctl) or the limit of open files',
};

function aboveOf({ path: base, named }: Base): Above[] {
  const found: Above[] = [];
  for (let at = base; at !== path.dirname(at); at = path.dirname(at)) {
    const name = named && at === base ? undefined : path.basename(at);
    found.push({ folder: path.dirname(at), base, name });
  }
  return found;
}
