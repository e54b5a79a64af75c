import { readdir, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { EventInput } from '../../core/event/event.ts';
import { isObject, parseJson } from '../../core/values/json.ts';
import type { Log } from '../../lib/log.ts';
import { NotRegularFile, readRegularFile } from '../../lib/files/regular-file.ts';

/** Content of a file in the inbox: an event, or a fault that says why it is not an event and what to do. */
type Content = { readonly event: EventInput } | { readonly fault: string };

const EVENT_SUFFIX = '.json';
const BAD_SUFFIX = '.bad';
/** Faults that are listed one by one. */
const MAX_LISTED = 10;

/**
 * Events that `belfry emit` leaves in `<state>/inbox/` while no daemon runs. A file that cannot be read stays there and is
 * reported until a user removes or corrects it.
 */
export class Inbox {
  readonly #folder: string;
  readonly #log: Log;
  /** Files that contain an event; `check` does not read them again. */
  readonly #valid = new Set<string>();
  /** Files whose event was not accepted, with the reason. */
  readonly #refused = new Map<string, string>();
  #faults: readonly string[] = [];

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Faults of the last check: file, reason, and what to do. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /**
   * Accepts the events of all files, oldest first. A file is deleted once its event is durable; the event's id makes a repeat
   * after a crash a duplicate. A file that is not an event is renamed to `*.bad`, never deleted.
   */
  async acceptAll(accept: (events: readonly EventInput[]) => Promise<unknown>): Promise<void> {
    const { names } = await this.#list();
    let accepted = 0;
    for (const name of names) if (name.endsWith(EVENT_SUFFIX) && (await this.#acceptOne(name, accept))) accepted += 1;
    if (accepted > 0) this.#log.info({ events: accepted }, 'inbox: events accepted');
    await this.check();
  }

  async #acceptOne(name: string, accept: (events: readonly EventInput[]) => Promise<unknown>): Promise<boolean> {
    const file = path.join(this.#folder, name);
    const content = await this.#read(name);
    if (content === undefined) return false;
    if ('fault' in content) {
      // A file that cannot be renamed is reported under its own name.
      if (content.fault === NO_EVENT) await rename(file, `${file}${BAD_SUFFIX}`).catch(() => undefined);
      return false;
    }
    try {
      await accept([content.event]);
    } catch (error) {
      this.#refused.set(name, `it was not accepted (${(error as Error).message}); it is tried again at the next start`);
      return false;
    }
    await unlink(file).catch(unlessGone);
    return true;
  }

  /** Checks the files that are present now; returns their faults. */
  async check(): Promise<readonly string[]> {
    const { names, fault } = await this.#list();
    keepOnly(this.#valid, names);
    keepOnly(this.#refused, names);
    const found: string[] = fault === undefined ? [] : [fault];
    for (const name of names) {
      const why = this.#refused.get(name) ?? (await this.#faultOf(name));
      if (why !== undefined) found.push(`inbox: ${path.join(this.#folder, name)}: ${why}`);
    }
    const more = found.length - MAX_LISTED;
    this.#faults =
      more > 0 ? [...found.slice(0, MAX_LISTED), `inbox: ${more} more like these in ${this.#folder}`] : found;
    return this.#faults;
  }

  async #faultOf(name: string): Promise<string | undefined> {
    if (this.#valid.has(name)) return undefined;
    if (name.endsWith(BAD_SUFFIX))
      return 'it is not an event; correct it and remove `.bad` from its name, or delete it';
    if (!name.endsWith(EVENT_SUFFIX))
      return `its name does not end in \`${EVENT_SUFFIX}\`, so it is not read; rename or remove it`;
    const content = await this.#read(name);
    if (content === undefined) return undefined;
    if ('fault' in content) return content.fault;
    this.#valid.add(name);
    return undefined;
  }

  /** Returns undefined if the file is gone: a command deletes its event when it could post it after all. */
  async #read(name: string): Promise<Content | undefined> {
    try {
      const event = parse((await readRegularFile(path.join(this.#folder, name))).toString('utf8'));
      return event === undefined ? { fault: NO_EVENT } : { event };
    } catch (error) {
      if (error instanceof NotRegularFile) return { fault: `it is ${error.kind}, not a regular file; move it away` };
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? undefined : { fault: `it cannot be read (${code}); correct that, or move it away` };
    }
  }

  /** Lists the files, without those that are still being written: their names begin with a dot. */
  async #list(): Promise<{ readonly names: readonly string[]; readonly fault?: string }> {
    try {
      const names = await readdir(this.#folder);
      return { names: names.filter((name) => !name.startsWith('.')).sort() };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return { names: [] };
      const why = code === 'ENOTDIR' ? 'it is not a folder; move it away' : `it cannot be read (${code}); correct that`;
      return { names: [], fault: `inbox: ${this.#folder}: ${why}` };
    }
  }
}

const NO_EVENT = 'it is not an event; correct it, or delete it';

function parse(text: string): EventInput | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) && typeof value.type === 'string' && typeof value.id === 'string'
      ? (value as EventInput)
      : undefined;
  } catch {
    return undefined;
  }
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Removes entries of files that are no longer present. */
function keepOnly(kept: Set<string> | Map<string, string>, names: readonly string[]): void {
  const present = new Set(names);
  for (const name of kept.keys()) if (!present.has(name)) kept.delete(name);
}
