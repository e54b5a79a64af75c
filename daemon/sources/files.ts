import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { type Static, Type } from 'typebox';
import type { Json } from '../core/json.ts';
import { duration, oneOrMany, size, strict } from '../core/schema/fields.ts';
import { pause } from '../lib/clock.ts';
import { type Change, type ChangeKind, FileChanges } from './file-changes.ts';
import { compileGlobs, type FileState, type Globs, scan, stateOf } from './file-globs.ts';
import { Hints } from './file-hints.ts';
import { defineSource, type RunningSource, type SourceIo } from './source.ts';

const KINDS: readonly ChangeKind[] = ['created', 'changed', 'deleted'];

const settings = strict({
  paths: oneOrMany(Type.String({ minLength: 1 }), {
    description: 'Which files, as globs. Relative ones begin where the daemon was started.',
    examples: [['/srv/inbox/**/*.csv']],
  }),
  ignore: Type.Optional(
    oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Globs of files and folders to leave out; without a slash at any depth.',
      examples: [['*.tmp', 'node_modules']],
    }),
  ),
  events: Type.Optional(
    Type.Array(Type.Unsafe<ChangeKind>({ type: 'string', enum: [...KINDS] }), {
      minItems: 1,
      description: 'Which changes to tell.',
      examples: [['created']],
      default: [...KINDS],
    }),
  ),
  settle: Type.Optional(
    duration({
      description: 'A change counts once size, time and inode have been the same for this long.',
      examples: ['2s'],
      default: '500ms',
    }),
  ),
  initial: Type.Optional(
    Type.Boolean({
      description: 'Tell the files that are there at the very first start, as created.',
      examples: [true],
      default: false,
    }),
  ),
  missed: Type.Optional(
    Type.Boolean({
      description: 'Tell at the start what changed while the daemon was down.',
      examples: [false],
      default: true,
    }),
  ),
  rescan: Type.Optional(
    duration({
      description:
        'How often everything is compared with what is known, since the kernel loses notifications silently.',
      examples: ['5m'],
      default: '30s',
    }),
  ),
  content: Type.Optional(
    size({ description: 'Text files up to this size bring their text along as `data.content`.', examples: ['64KiB'] }),
  ),
});

type Settings = Static<typeof settings>;

/** Marks that are no files: paths begin with `/`. */
const BASELINE = 'globs';
const MARKS_AT_ONCE = 1000;
/** How often folders are looked for that are missing or have been replaced, milliseconds. */
const ARM_EVERY = 1000;
/** How soon a notification is looked into, milliseconds: one write raises several. */
const HINT_REST = 20;

/** Files that appear, change and go. The truth is a stored snapshot compared with what is there; the kernel's notifications only say when to look. */
export const files = defineSource({
  type: 'files',
  summary: 'Files that appear, change or go.',
  settings,
  events: ['file.created', 'file.changed', 'file.deleted'],
  check({ paths }) {
    return paths.flatMap((glob, index) =>
      isGlob(glob)
        ? []
        : [
            {
              pointer: paths.length === 1 ? '/paths' : `/paths/${index}`,
              message: 'this is no path pattern',
              mend: 'write one like `/srv/inbox/*.csv`',
            },
          ],
    );
  },
  async start(given, io): Promise<RunningSource> {
    const stopping = new AbortController();
    const watcher = new FileWatch(given, io, stopping.signal);
    // Looked at before this returns: what comes after it is news.
    const present = await watcher.look();
    const running = watcher.run(present).catch((error: unknown) => {
      if (!stopping.signal.aborted) io.report(`it stopped: ${(error as Error).message}`);
    });
    return {
      async stop() {
        stopping.abort();
        await running;
      },
    };
  },
});

function isGlob(glob: string): boolean {
  try {
    picomatch(glob);
    return !glob.includes('\0');
  } catch {
    return false;
  }
}

class FileWatch {
  readonly #settings: Settings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #globs: Globs;
  readonly #hinted = new Set<string>();
  #changes: FileChanges;
  #hint = new AbortController();
  #blindness: string | undefined;

  constructor(given: Settings, io: SourceIo, signal: AbortSignal) {
    this.#settings = given;
    this.#io = io;
    this.#signal = signal;
    this.#globs = compileGlobs(given.paths, given.ignore ?? []);
    this.#changes = new FileChanges(new Map(), given.settle!);
  }

  async look(): Promise<ReadonlyMap<string, FileState>> {
    return (await scan(this.#globs, this.#signal)).files;
  }

  /** `present`: what was there when it was started. */
  async run(present: ReadonlyMap<string, FileState>): Promise<void> {
    await Promise.race([this.#io.live, aborted(this.#signal)]);
    if (this.#signal.aborted) return;
    const hints = new Hints(
      this.#globs,
      (file) => this.#hintAt(file),
      (trouble) => this.#blind(trouble),
    );
    try {
      this.#changes = new FileChanges(await this.#baseline(present), this.#settings.settle!);
      let nextScan = Number.NEGATIVE_INFINITY;
      while (!this.#signal.aborted) {
        const { clock } = this.#io;
        // A folder that came, or came anew, is looked at whole: what is in it already raised no notification.
        if ((await hints.arm()) || clock.monotonic() >= nextScan) {
          await this.#lookAtAll();
          nextScan = clock.monotonic() + this.#settings.rescan!;
        }
        await this.#lookAgain();
        await this.#report();
        await this.#rest(
          Math.min(
            nextScan - clock.monotonic(),
            ARM_EVERY,
            this.#changes.wait(clock.monotonic()) ?? Number.POSITIVE_INFINITY,
          ),
        );
      }
    } finally {
      await hints.close();
    }
  }

  /** What is known from before. At the very first start, and of globs that are new, what is there now counts as known, unless `initial`. */
  async #baseline(present: ReadonlyMap<string, FileState>): Promise<ReadonlyMap<string, FileState>> {
    const { paths, ignore, initial, missed } = this.#settings;
    const marks = await this.#io.marks();
    const globs = JSON.stringify([paths, ignore ?? []]);
    const before = marks.get(BASELINE);
    const known = new Map([...marks].filter(([key]) => key !== BASELINE && this.#globs.counts(key)));
    const gone = [...marks.keys()]
      .filter((key) => key !== BASELINE && !this.#globs.counts(key))
      .map((key) => ({ key, value: null }));
    const adopt = before === undefined ? !initial : before !== globs || !missed;
    const news = new Map<string, FileState>();
    if (adopt) {
      for (const [file, state] of present) if (!missed || !known.has(file)) news.set(file, state);
      if (!missed) for (const file of known.keys()) if (!present.has(file)) gone.push({ key: file, value: null });
    }
    await this.#mark([...gone, ...[...news].map(([key, value]) => ({ key, value })), { key: BASELINE, value: globs }]);
    for (const { key } of gone) known.delete(key);
    return new Map([...known, ...news]);
  }

  async #mark(marks: readonly { key: string; value: string | null }[]): Promise<void> {
    for (let from = 0; from < marks.length; from += MARKS_AT_ONCE)
      await this.#io.mark(marks.slice(from, from + MARKS_AT_ONCE));
  }

  async #lookAtAll(): Promise<void> {
    const { files: present, trouble } = await scan(this.#globs, this.#signal);
    if (this.#signal.aborted) return;
    this.#io.report(trouble ?? this.#blindness);
    const now = this.#io.clock.monotonic();
    for (const [file, state] of present) this.#changes.see(file, state, now);
    for (const file of [...this.#changes.known.keys(), ...this.#changes.unsettled])
      if (!present.has(file)) this.#changes.see(file, undefined, now);
  }

  /** At what was hinted at, and at what has not come to rest. */
  async #lookAgain(): Promise<void> {
    const look = [...new Set([...this.#hinted, ...this.#changes.unsettled])];
    this.#hinted.clear();
    for (const file of look) {
      const state = await stateOf(file);
      this.#changes.see(file, state, this.#io.clock.monotonic());
    }
  }

  /** The snapshot moves on in the transaction that takes the event, so a crash repeats neither and loses neither. */
  async #report(): Promise<void> {
    for (const change of this.#changes.due(this.#io.clock.monotonic())) {
      if (this.#signal.aborted) return;
      const mark = [{ key: change.file, value: change.state ?? null }];
      try {
        if (this.#settings.events!.includes(change.kind))
          await this.#io.emit(
            { type: `file.${change.kind}`, subject: change.file, data: await this.#dataOf(change) },
            mark,
          );
        else await this.#io.mark(mark);
      } catch (error) {
        // Not taken: it is still due, and is tried again when the world is next looked at.
        this.#io.log.warn(
          { file: change.file, error: (error as Error).message },
          'files: a change was not taken; it will be told again',
        );
        await pause(this.#io.clock, 1000, this.#signal);
        return;
      }
      this.#changes.reported(change);
    }
  }

  async #dataOf({ file, state }: Change): Promise<Json> {
    const place = { path: file, name: path.basename(file), dir: path.dirname(file), ext: path.extname(file) };
    const found = state === undefined ? undefined : await stat(file).catch(() => undefined);
    if (found === undefined) return place;
    const content = await textOf(file, found.size, this.#settings.content);
    return { ...place, size: found.size, mtime: found.mtime.toISOString(), ...(content !== undefined && { content }) };
  }

  /** Found out by the kernel's notifications; it stays so until the source is started anew. */
  #blind(trouble: string): void {
    this.#blindness = trouble;
    this.#io.report(trouble);
  }

  #hintAt(file: string): void {
    if (!this.#globs.counts(file)) return;
    this.#hinted.add(file);
    this.#hint.abort();
  }

  /** Until `ms` have passed or something is hinted at. */
  async #rest(ms: number): Promise<void> {
    const { clock } = this.#io;
    if (this.#hinted.size === 0 && ms > 0) {
      const woken = new AbortController();
      this.#hint = woken;
      const stop = (): void => woken.abort();
      this.#signal.addEventListener('abort', stop, { once: true });
      await pause(clock, ms, woken.signal);
      this.#signal.removeEventListener('abort', stop);
    }
    if (this.#hinted.size > 0) await pause(clock, HINT_REST, this.#signal);
  }
}

/** UTF-8 text without NUL, up to `most` bytes; undefined for everything else. */
async function textOf(file: string, bytes: number, most: number | undefined): Promise<string | undefined> {
  if (most === undefined || bytes > most) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
