import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { watch as watchFiles } from 'chokidar';
import type { Clock } from '../lib/time/clock.ts';
import { pause } from '../lib/time/clock.ts';
import { isIgnored, MAX_FILE_BYTES, listRulesFiles } from './files.ts';

export interface WatchOptions {
  readonly root: string;
  readonly clock: Clock;
  /** Called after a change has settled; not called again before its promise has settled. */
  readonly onChange: () => Promise<void>;
  /** Files outside the directory that are watched too. */
  readonly alsoWatch: () => readonly string[] | Promise<readonly string[]>;
  readonly signal: AbortSignal;
  /** Whether notifications of the kernel are used; without them the next scan finds a change. Default true. */
  readonly notifications?: boolean;
}

/** Time between two scans, with or without notifications. */
const SCAN_INTERVAL_MS = 500;
/** Time without further changes after which a change has settled. */
const SETTLE_MS = 100;
/** Longest wait for a change to settle: a copy that takes minutes is read once meanwhile and again at its end. */
const MAX_SETTLE_MS = 300;
/** Ratio of waiting to scanning: a slow scan is repeated less often. */
const MIN_WAIT_RATIO = 20;
/** Age below which a file is always read: it may have changed again within one clock tick of its file system. */
const RECENT_MS = 2_000;

/**
 * Calls `onChange` after the content of the rules directory has changed: by a save in place, a rename over the file, a checkout,
 * a copy, a swapped link, or when the directory itself was removed and made again. Changes are found by comparing the content
 * twice a second; notifications of the kernel miss some of these, so they only start the next scan sooner.
 * Resolves when `signal` aborts.
 */
export async function watchRules(options: WatchOptions): Promise<void> {
  const { clock, signal } = options;
  const scanner = new ContentScanner(clock);
  const scan = async (): Promise<string> => scanner.scan(options.root, await options.alsoWatch());
  const hints = options.notifications === false ? undefined : new Hints(options.root);
  try {
    // The first scan counts as a change: the files may have changed since they were last read.
    let known: string | undefined;
    while (!signal.aborted) {
      const began = clock.monotonic();
      const present = await scan();
      const cost = clock.monotonic() - began;
      if (present === known) {
        await waitForHint(hints, clock, Math.max(SCAN_INTERVAL_MS, cost * MIN_WAIT_RATIO), signal);
        continue;
      }
      known = await untilSettled(present, scan, clock, signal);
      if (!signal.aborted) await options.onChange();
    }
  } finally {
    await hints?.close();
  }
}

async function untilSettled(
  first: string,
  scan: () => Promise<string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  const began = clock.monotonic();
  let present = first;
  for (;;) {
    await pause(clock, SETTLE_MS, signal);
    const next = await scan();
    if (next === present || signal.aborted || clock.monotonic() - began >= MAX_SETTLE_MS) return next;
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

/** Notifications of the kernel as hints to scan now. Errors are ignored: the next scan is soon. */
class Hints {
  wake: () => void = () => undefined;
  #pending = false;
  readonly #watcher;

  constructor(given: string) {
    const root = path.resolve(given);
    this.#watcher = watchFiles(root, {
      ignoreInitial: true,
      depth: 8,
      ignored: (file) => file !== root && isIgnored(path.basename(file)) && path.basename(file) !== '..data',
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

/** Returns a text that differs after any change of the files. A file is read again only if its times, size or inode changed, or if it changed recently. */
export class ContentScanner {
  readonly #clock: Clock;
  #known = new Map<string, { readonly facts: string; readonly content: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async scan(root: string, others: readonly string[]): Promise<string> {
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
      const isRecent = Math.abs(this.#clock.now() - Number(found.ctimeMs)) < RECENT_MS;
      if (before?.facts === facts && !isRecent) return before;
      if (!found.isFile() || found.size > MAX_FILE_BYTES) return { facts, content: facts };
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
