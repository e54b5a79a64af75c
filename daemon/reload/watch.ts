import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { watch as watchFiles } from 'chokidar';
import type { Clock } from '../lib/time/clock.ts';
import { pause } from '../lib/time/clock.ts';
import { isPassedOver, LARGEST_FILE, listRulesFiles } from './files.ts';

export interface WatchOptions {
  readonly root: string;
  readonly clock: Clock;
  /** Called after a change has come to rest; not called again before it has settled. */
  readonly changed: () => Promise<void>;
  /** Files outside the directory whose change counts too. */
  readonly alsoWatch: () => readonly string[] | Promise<readonly string[]>;
  readonly signal: AbortSignal;
  /** Whether the kernel's notifications are listened to; without them a change is seen by the next look. Default true. */
  readonly notifications?: boolean;
}

/** How often the files are looked at, notifications or not. */
const LOOK_EVERY = 500;
/** A change has come to rest when this long nothing more has changed ... */
const REST = 100;
/** ... but it is not waited for longer than this: a copy that takes minutes is read now, and again when it is done. */
const LONGEST_UNREST = 300;
/** Looking takes at most one part in this many of the time. */
const LOOK_SHARE = 20;
/** A file changed this recently may change again within one tick of its clock, so its content is looked at too. */
const YOUNG = 2_000;

/**
 * Calls `changed` whenever what the rules directory holds has become another: after a save in place, a rename over the file,
 * a checkout, a copy, a swapped link, also when the directory itself went and came again. The truth is a comparison of what
 * is there twice a second; the kernel's notifications only bring the next look forward, since they miss some of these.
 * Resolves when `signal` aborts.
 */
export async function watchRules(options: WatchOptions): Promise<void> {
  const { clock, signal } = options;
  const memory = new Look(clock);
  const look = async (): Promise<string> => memory.at(options.root, await options.alsoWatch());
  const hints = options.notifications === false ? undefined : new Hints(options.root);
  try {
    // The first look counts as a change: nobody watched since the files were last read.
    let known: string | undefined;
    while (!signal.aborted) {
      const began = clock.monotonic();
      const present = await look();
      const cost = clock.monotonic() - began;
      if (present === known) {
        await waitForHint(hints, clock, Math.max(LOOK_EVERY, cost * LOOK_SHARE), signal);
        continue;
      }
      known = await comeToRest(present, look, clock, signal);
      if (!signal.aborted) await options.changed();
    }
  } finally {
    await hints?.close();
  }
}

async function comeToRest(
  first: string,
  look: () => Promise<string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  const began = clock.monotonic();
  let present = first;
  for (;;) {
    await pause(clock, REST, signal);
    const next = await look();
    if (next === present || signal.aborted || clock.monotonic() - began >= LONGEST_UNREST) return next;
    present = next;
  }
}

async function waitForHint(hints: Hints | undefined, clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const sooner = new AbortController();
  const stop = (): void => sooner.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (hints !== undefined) hints.wake = stop;
  if (signal.aborted || hints?.take()) stop();
  await pause(clock, ms, sooner.signal);
  signal.removeEventListener('abort', stop);
}

/** Notifications of the kernel, boiled down to "look now". Trouble with them is no trouble: the next look is soon. */
class Hints {
  wake: () => void = () => undefined;
  #pending = false;
  readonly #watcher;

  constructor(given: string) {
    const root = path.resolve(given);
    this.#watcher = watchFiles(root, {
      ignoreInitial: true,
      depth: 8,
      ignored: (file) => file !== root && isPassedOver(path.basename(file)) && path.basename(file) !== '..data',
    });
    this.#watcher.on('all', () => {
      this.#pending = true;
      this.wake();
    });
    this.#watcher.on('error', () => undefined);
  }

  take(): boolean {
    const pending = this.#pending;
    this.#pending = false;
    return pending;
  }

  async close(): Promise<void> {
    await this.#watcher.close();
  }
}

/** What is on disk, as one text that changes with any content. A file is read again only when its times, size or identity changed, or it is young. */
export class Look {
  readonly #clock: Clock;
  #known = new Map<string, { readonly facts: string; readonly content: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async at(root: string, others: readonly string[]): Promise<string> {
    const { files, problems } = await listRulesFiles(root);
    const next = new Map<string, { readonly facts: string; readonly content: string }>();
    for (const file of [...files, ...others]) next.set(file, await this.#file(file));
    this.#known = next;
    return JSON.stringify([
      problems.map(({ file, message }) => [file, message]),
      [...next].map(([file, { content }]) => [file, content]),
    ]);
  }

  async #file(file: string): Promise<{ facts: string; content: string }> {
    try {
      const found = await stat(file, { bigint: true });
      const facts = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
      const before = this.#known.get(file);
      const young = Math.abs(this.#clock.now() - Number(found.ctimeMs)) < YOUNG;
      if (before?.facts === facts && !young) return before;
      if (!found.isFile() || found.size > LARGEST_FILE) return { facts, content: facts };
      return {
        facts,
        content: createHash('sha256')
          .update(await readFile(file))
          .digest('base64'),
      };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      return { facts: code, content: code };
    }
  }
}
