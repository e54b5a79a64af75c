import { readdir, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { EventInput } from '../../core/event/event.ts';
import { isObject, parseJson } from '../../core/values/json.ts';
import type { Log } from '../../lib/log.ts';
import { NotRegularFile, readRegularFile } from '../../lib/files/regular-file.ts';

/** Content of a file in the inbox: an event, or the reason why it is none and what to do. */
type Content = { readonly event: EventInput } | { readonly trouble: string };

const EVENT = '.json';
const SET_ASIDE = '.bad';
/** Troubles that are reported one by one. */
const MAX_REPORTED = 10;

/**
 * Events that `belfry emit` leaves in `<state>/inbox/` while no daemon runs. A file that cannot be read stays there, for a person,
 * and is reported for as long as it does.
 */
export class Inbox {
  readonly #folder: string;
  readonly #log: Log;
  /** Files that hold an event; they are not read again at each look. */
  readonly #good = new Set<string>();
  /** Events that were read and not accepted: name -> why. */
  readonly #refused = new Map<string, string>();
  #troubles: readonly string[] = [];

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** As of the last look; where, what and what to do. */
  get troubles(): readonly string[] {
    return this.#troubles;
  }

  /**
   * Takes in what can be read, oldest first. A file goes once its event is on disk; its id makes a repeat after a crash a
   * duplicate. What is not an event is set aside as `*.bad`, never deleted.
   */
  async take(accept: (events: readonly EventInput[]) => Promise<unknown>): Promise<void> {
    const { names } = await this.#list();
    let taken = 0;
    for (const name of names) if (name.endsWith(EVENT) && (await this.#takeOne(name, accept))) taken += 1;
    if (taken > 0) this.#log.info({ events: taken }, 'inbox: taken in');
    await this.look();
  }

  async #takeOne(name: string, accept: (events: readonly EventInput[]) => Promise<unknown>): Promise<boolean> {
    const file = path.join(this.#folder, name);
    const content = await this.#read(name);
    if (content === undefined) return false;
    if ('trouble' in content) {
      // Where it cannot be set aside it is reported under its own name.
      if (content.trouble === NO_EVENT) await rename(file, `${file}${SET_ASIDE}`).catch(() => undefined);
      return false;
    }
    try {
      await accept([content.event]);
    } catch (error) {
      this.#refused.set(name, `it was not taken (${(error as Error).message}); it stays for the next start`);
      return false;
    }
    await unlink(file).catch(unlessGone);
    return true;
  }

  /** Looks at the files that are there now. */
  async look(): Promise<readonly string[]> {
    const { names, trouble } = await this.#list();
    forget(this.#good, names);
    forget(this.#refused, names);
    const found: string[] = trouble === undefined ? [] : [trouble];
    for (const name of names) {
      const why = this.#refused.get(name) ?? (await this.#troubleOf(name));
      if (why !== undefined) found.push(`inbox: ${path.join(this.#folder, name)}: ${why}`);
    }
    const more = found.length - MAX_REPORTED;
    this.#troubles =
      more > 0 ? [...found.slice(0, MAX_REPORTED), `inbox: ${more} more like these in ${this.#folder}`] : found;
    return this.#troubles;
  }

  async #troubleOf(name: string): Promise<string | undefined> {
    if (this.#good.has(name)) return undefined;
    if (name.endsWith(SET_ASIDE)) return 'it is no event; mend it and take `.bad` off its name, or remove it';
    if (!name.endsWith(EVENT)) return `its name does not end in \`${EVENT}\`, so it is not read; rename or remove it`;
    const content = await this.#read(name);
    if (content === undefined) return undefined;
    if ('trouble' in content) return content.trouble;
    this.#good.add(name);
    return undefined;
  }

  /** Undefined when it is gone: a command that left an event takes it back when it could post it after all. */
  async #read(name: string): Promise<Content | undefined> {
    try {
      const event = parse((await readRegularFile(path.join(this.#folder, name))).toString('utf8'));
      return event === undefined ? { trouble: NO_EVENT } : { event };
    } catch (error) {
      if (error instanceof NotRegularFile) return { trouble: `it is ${error.kind}, not a regular file; move it away` };
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? undefined : { trouble: `it cannot be read (${code}); mend that, or move it away` };
    }
  }

  /** Names that begin with a dot are of events that are still being written. */
  async #list(): Promise<{ readonly names: readonly string[]; readonly trouble?: string }> {
    try {
      const names = await readdir(this.#folder);
      return { names: names.filter((name) => !name.startsWith('.')).sort() };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return { names: [] };
      const why = code === 'ENOTDIR' ? 'it is no folder; move it away' : `it cannot be read (${code}); mend that`;
      return { names: [], trouble: `inbox: ${this.#folder}: ${why}` };
    }
  }
}

const NO_EVENT = 'it is no event; mend it, or remove it';

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

/** Drops what is no longer there. */
function forget(kept: Set<string> | Map<string, string>, names: readonly string[]): void {
  const present = new Set(names);
  for (const name of kept.keys()) if (!present.has(name)) kept.delete(name);
}
