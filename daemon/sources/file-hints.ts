import { stat } from 'node:fs/promises';
import { type FSWatcher, watch } from 'chokidar';
import type { Globs } from './file-globs.ts';

/** The kernel's notifications, armed again for a folder that came later or came anew. */
export class Hints {
  readonly #bases: readonly string[];
  readonly #watcher: FSWatcher;
  readonly #armed = new Map<string, bigint>();

  constructor(globs: Globs, hint: (file: string) => void, trouble: (text: string) => void) {
    this.#bases = globs.bases;
    this.#watcher = watch([], { ignoreInitial: true, followSymlinks: false, ignored: (file) => globs.ignores(file) });
    this.#watcher.on('all', (_event, file) => hint(file));
    let told = false;
    this.#watcher.on('error', (error) => {
      if (told) return;
      told = true;
      const { code } = error as NodeJS.ErrnoException;
      const mend = code === 'ENOSPC' || code === 'EMFILE' ? '; raise fs.inotify.max_user_watches (sysctl)' : '';
      trouble(
        `the kernel gives no more notifications (${code ?? 'unknown'})${mend}; changes are found by scanning meanwhile`,
      );
    });
  }

  /** true: there is a folder that was not there before. */
  async arm(): Promise<boolean> {
    let news = false;
    for (const base of this.#bases) {
      const inode = (await stat(base, { bigint: true }).catch(() => undefined))?.ino;
      if (inode === this.#armed.get(base)) continue;
      this.#watcher.unwatch(base);
      if (inode === undefined) this.#armed.delete(base);
      else {
        this.#armed.set(base, inode);
        this.#watcher.add(base);
        news = true;
      }
    }
    return news;
  }

  close(): Promise<void> {
    return this.#watcher.close();
  }
}
