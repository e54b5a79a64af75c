import type { LeveledProblem } from '../../core/problems/failure.ts';
import { isJson, isObject, parseJson } from '../../core/values/json.ts';
import type { GenerationView, ReloadView, ShownProblem } from '../../http/daemon-api.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { sha256 } from '../../lib/sha256.ts';
import { type Difference, difference } from '../../reload/comparison.ts';
import type { Live } from '../../reload/live.ts';
import type { RulesText } from '../../reload/load.ts';
import type { RuleSources } from '../../reload/text/rule-source.ts';
import type { CheckpointStore } from '../../store/store.ts';
import { ruleDiffs } from './rule-diffs.ts';

/** Cause of a reload. */
export type ReloadCause = GenerationView['by'];

/** A reload that has ended. */
export interface EndedReload {
  readonly by: ReloadCause;
  readonly result: ReloadView;
  readonly isApplied: boolean;
  /** Rules that were live before; undefined when they are not known. */
  readonly before: RuleSources | undefined;
}

/** Rules with which a daemon starts. */
export interface StartGeneration {
  readonly number: number;
  /** Adds the start to the history, unless the rules are those of the last process. Call it when the rules are live. */
  readonly record: (rejected: readonly LeveledProblem[]) => void;
}

export interface GenerationsDeps {
  readonly checkpoints: CheckpointStore;
  readonly live: Pick<Live, 'generation' | 'digests' | 'ruleSources' | 'ruleSourcesOf' | 'publicExcerpt'>;
  readonly scrubber: Pick<Scrubber, 'scrubJson'>;
  readonly log: Log;
  /** RFC 3339. */
  readonly now: () => string;
}

/** Number of reloads that are kept. */
export const MAX_GENERATIONS = 100;
/** Names, notes and problems of one reload that are kept. */
const MAX_NAMES = 500;
const MAX_NOTES = 50;
const MAX_PROBLEMS = 50;
const MAX_EXCERPT_CHARACTERS = 400;
/** Characters of a kept digest: enough to recognize a change, and ten thousand rules still fit. */
const DIGEST_CHARACTERS = 16;

const SCOPE = 'generations';
const ENTRIES = 'generations:entries';

/** Stored with the key `current`; the digests of its parts have the key `parts`. */
interface Current {
  readonly generation: number;
  /** Digest of all parts. */
  readonly digest: string;
  /** Number of entries so far. */
  readonly count: number;
}

/**
 * The last reloads, in the store. A number belongs to one version of the rules, also over restarts: a start with the rules of the last
 * process has the same number. Everything is masked before it is stored. A failed write is logged and loses that entry only.
 */
export class Generations {
  readonly #deps: GenerationsDeps;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: GenerationsDeps) {
    this.#deps = deps;
  }

  /** Compares the rules of a start with those of the last process. `readTexts` reads the texts of those. */
  async start(
    digests: ReadonlyMap<string, string>,
    readTexts: () => Promise<readonly RulesText[]>,
  ): Promise<StartGeneration> {
    const { checkpoints } = this.#deps;
    const current = currentIn(await checkpoints.get(SCOPE, 'current'));
    this.#count = current?.count ?? 0;
    const isSame = current?.digest === digestOf(digests);
    const texts = current === undefined || isSame ? [] : await readTexts();
    const number = (current?.generation ?? 0) + (isSame ? 0 : 1);
    return {
      number,
      record: (rejected) => {
        const isFirst = current === undefined;
        if (!isSame) this.#recordStart(this.#entry('start', number, []), isFirst ? undefined : texts);
        if (rejected.length > 0) this.#recordRefused(this.#entry('start', number, rejected));
      },
    };
  }

  /** Adds the result of a reload. */
  record({ by, result, isApplied, before }: EndedReload): void {
    const { live } = this.#deps;
    const { generation, problems, notes, restart_needed } = result;
    const entry = this.#entry(by, generation, problems);
    if (!isApplied) return this.#recordRefused(entry);
    const { digests, ruleSources } = live;
    const own = { notes: notes.slice(0, MAX_NOTES), restart_needed };
    this.#later(async () => {
      const changes = await changesOf(result, before, ruleSources);
      await this.#write({ ...entry, ...own, ...changes, result: result.ok ? 'applied' : 'partial' }, digests);
    });
  }

  /** The last reloads, the latest first. */
  async list(limit: number): Promise<readonly GenerationView[]> {
    await this.#last;
    const stored = await this.#deps.checkpoints.read(ENTRIES);
    const latest = [...stored.keys()].sort().reverse().slice(0, limit);
    return latest.flatMap((key) => {
      const entry = parsed(stored.get(key));
      return isObject(entry) ? [entry as unknown as GenerationView] : [];
    });
  }

  /** Resolves when everything is written. */
  async idle(): Promise<void> {
    await this.#last;
  }

  #later(work: () => Promise<void>): void {
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) =>
        this.#deps.log.warn(
          { error: (error as Error).message },
          'a reload could not be added to the history of the rules',
        ),
      );
  }

  #recordStart(entry: NewEntry, texts: readonly RulesText[] | undefined): void {
    const { checkpoints, live } = this.#deps;
    const { digests, ruleSources } = live;
    this.#later(async () => {
      const diff = difference(partsIn(await checkpoints.get(SCOPE, 'parts')), shortened(digests));
      const before = texts === undefined ? undefined : await live.ruleSourcesOf(texts);
      await this.#write({ ...entry, ...(await changesOf(diff, before, ruleSources)), result: 'applied' }, digests);
    });
  }

  /** The same problems as those of the last reload are one entry. */
  #recordRefused(given: NewEntry): void {
    const entry = { ...given, result: 'refused' as const };
    this.#later(async () => {
      const last = parsed(await this.#deps.checkpoints.get(ENTRIES, entryKey(this.#count)));
      const isSame =
        isObject(last) && last.result === 'refused' && JSON.stringify(last.problems) === JSON.stringify(entry.problems);
      if (!isSame) await this.#write(entry);
    });
  }

  #entry(by: ReloadCause, generation: number, problems: readonly LeveledProblem[]): NewEntry {
    const { live, now, scrubber } = this.#deps;
    const shown = problems.slice(0, MAX_PROBLEMS).map((problem) => withExcerpt(problem, live));
    const more = problems.length - shown.length;
    return {
      generation,
      at: now(),
      by,
      ...NO_CHANGES,
      restart_needed: [],
      notes: [],
      problems: scrubber.scrubJson(shown),
      ...(more > 0 && { problems_omitted: more }),
    };
  }

  /** `digests`: those of the live rules, if they have changed. */
  async #write(entry: GenerationView, digests?: ReadonlyMap<string, string>): Promise<void> {
    const { checkpoints, scrubber } = this.#deps;
    const count = this.#count + 1;
    // The entry is first: after a crash between the two writes, the next start writes it again with the same key.
    await checkpoints.write(ENTRIES, [
      { key: entryKey(count), value: JSON.stringify(scrubber.scrubJson(entry)) },
      { key: entryKey(count - MAX_GENERATIONS), value: null },
    ]);
    this.#count = count;
    const stored = currentIn(await checkpoints.get(SCOPE, 'current'));
    const { generation } = entry;
    const digest = digests === undefined ? (stored?.digest ?? '') : digestOf(digests);
    await checkpoints.write(SCOPE, [
      { key: 'current', value: JSON.stringify({ generation, digest, count } satisfies Current) },
      ...(digests === undefined ? [] : [{ key: 'parts', value: JSON.stringify([...shortened(digests)]) }]),
    ]);
  }
}

type NewEntry = Omit<GenerationView, 'result'>;

const NO_CHANGES = { counts: { added: 0, changed: 0, removed: 0 }, added: [], changed: [], removed: [], diff: [] };

type Changes = Pick<GenerationView, 'counts' | 'added' | 'changed' | 'removed' | 'diff' | 'diff_omitted'>;

async function changesOf(
  { added, changed, removed }: Difference,
  before: RuleSources | undefined,
  after: RuleSources,
): Promise<Changes> {
  const { diff, omitted } =
    before === undefined ? { diff: [], omitted: 0 } : await ruleDiffs({ added, changed, removed }, before, after);
  return {
    counts: { added: added.length, changed: changed.length, removed: removed.length },
    added: added.slice(0, MAX_NAMES),
    changed: changed.slice(0, MAX_NAMES),
    removed: removed.slice(0, MAX_NAMES),
    diff,
    ...(omitted > 0 && { diff_omitted: omitted }),
  };
}

/** A problem with its source line, secrets masked. The part of a long line around the problem is shown. */
export function withExcerpt(problem: LeveledProblem, live: Pick<Live, 'publicExcerpt'>): ShownProblem {
  const excerpt = live.publicExcerpt(problem);
  if (excerpt === undefined) return problem;
  const start = Math.max(0, Math.min(excerpt.column - 1 - MAX_EXCERPT_CHARACTERS / 4, excerpt.text.length - 1));
  const from = excerpt.text.length > MAX_EXCERPT_CHARACTERS ? start : 0;
  const text = excerpt.text.slice(from, from + MAX_EXCERPT_CHARACTERS);
  return { ...problem, excerpt: { text, column: excerpt.column - from } };
}

/** Undefined for a text that was damaged. */
function parsed(text: string | undefined): unknown {
  return text !== undefined && isJson(text) ? parseJson(text) : undefined;
}

const entryKey = (count: number): string => String(Math.max(0, count)).padStart(12, '0');

function shortened(digests: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...digests].map(([name, digest]) => [name, digest.slice(0, DIGEST_CHARACTERS)]));
}

function digestOf(digests: ReadonlyMap<string, string>): string {
  return sha256(JSON.stringify([...shortened(digests)].sort(([a], [b]) => (a < b ? -1 : 1))));
}

function currentIn(text: string | undefined): Current | undefined {
  const value = parsed(text);
  const isCurrent =
    isObject(value) &&
    typeof value.generation === 'number' &&
    typeof value.digest === 'string' &&
    typeof value.count === 'number';
  return isCurrent ? (value as unknown as Current) : undefined;
}

function partsIn(text: string | undefined): ReadonlyMap<string, string> {
  const value = parsed(text);
  return new Map(Array.isArray(value) ? (value as [string, string][]) : []);
}
