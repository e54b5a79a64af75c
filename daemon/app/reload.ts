import { type LeveledProblem, type Problem, withLevel } from '../core/problems/failure.ts';
import type { CompiledRule, Ruleset } from '../core/ruleset.ts';
import type { Log } from '../lib/log.ts';
import type { Lanes } from '../delivery/lanes.ts';
import type { ReloadView } from '../http/daemon-api.ts';
import type { Live, Prepared } from '../reload/live.ts';
import type { RunningSources } from './runtime/sources.ts';
import type { Timers } from './runtime/timers.ts';

export interface ReloadingParts {
  readonly live: Live;
  readonly sources: RunningSources;
  readonly lanes: Lanes;
  readonly timers: Timers;
  /** What the tests of the rules say against them, if they are asked. */
  readonly test: (ruleset: Ruleset) => Promise<readonly Problem[]>;
  readonly log: Log;
  /** Told of every reload that changed or refused something. */
  readonly ended: (result: ReloadView) => void;
}

/**
 * read -> compile -> (anything wrong? report, keep the old) -> start what is new -> swap one reference -> stop what is gone.
 * One at a time: a save during a reload is read by the next one.
 */
export class Reloading {
  readonly #parts: ReloadingParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloadingParts) {
    this.#parts = parts;
  }

  reload(): Promise<ReloadView> {
    const next = this.#last.then(() => this.#once());
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Resolves when no reload is under way. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #once(): Promise<ReloadView> {
    const prepared = await this.#parts.live.prepare();
    const before = this.#parts.live.generation;
    const result = prepared.kind === 'ready' ? await this.#apply(prepared) : this.#without(prepared);
    const outcome = prepared.kind === 'unchanged' ? 'unchanged' : result.generation > before ? 'applied' : 'rejected';
    const warnings = outcome === 'rejected' ? [] : await warningsIn(this.#parts.live, this.#parts.log);
    const told = { ...result, problems: [...result.problems, ...warnings] };
    this.#tell(told, outcome);
    return told;
  }

  async #apply(prepared: Extract<Prepared, { kind: 'ready' }>): Promise<ReloadView> {
    const { live, sources, lanes, timers } = this.#parts;
    const { ruleset, diff, restartNeeded, problems } = prepared;
    const failing = await this.#parts.test(ruleset);
    if (failing.length > 0) return this.#rejected(failing);
    let change;
    try {
      change = await sources.prepare(ruleset.sources);
    } catch (error) {
      return this.#rejected([startProblem(error as Error)]);
    }
    live.swap(prepared);
    // The lanes know the new channels before any event is decided by the new rules: both happen without a pause in between.
    const applied = lanes.apply(ruleset.channels);
    const retimed = timers.retime(editedRules(prepared), namesOf(diff.removed));
    await change.commit();
    await applied;
    const notes = await retimed;
    const { generation } = live;
    return {
      ok: problems.length === 0,
      generation,
      ...diff,
      restart_needed: restartNeeded,
      notes,
      problems: withLevel('error', problems),
    };
  }

  #without(prepared: Exclude<Prepared, { kind: 'ready' }>): ReloadView {
    if (prepared.kind === 'refused') return this.#refused(prepared.problems);
    return {
      ok: true,
      generation: this.#parts.live.generation,
      added: [],
      changed: [],
      removed: [],
      restart_needed: [],
      notes: [],
      problems: [],
    };
  }

  /** It loads, but cannot go live. */
  #rejected(problems: readonly Problem[]): ReloadView {
    this.#parts.live.reject(problems);
    return this.#refused(problems);
  }

  #refused(problems: readonly Problem[]): ReloadView {
    return {
      ok: false,
      generation: this.#parts.live.generation,
      added: [],
      changed: [],
      removed: [],
      restart_needed: [],
      notes: [],
      problems: withLevel('error', problems),
    };
  }

  #tell(result: ReloadView, outcome: 'applied' | 'rejected' | 'unchanged'): void {
    const { log, ended } = this.#parts;
    // Warnings that were reported before are not reported again by a reload that changes nothing.
    if (outcome !== 'unchanged') logProblems(result.problems, log, 'reload');
    for (const what of result.restart_needed) log.warn(`reload: ${what} takes effect after a restart`);
    const { generation, added, changed, removed } = result;
    if (outcome === 'unchanged') {
      log.info({ generation }, 'reload: nothing has changed');
      return;
    }
    if (outcome === 'applied') log.info({ generation, added, changed, removed }, 'reload: applied');
    else log.error({ generation, problems: result.problems.length }, 'reload: rejected; the rules in force stay');
    ended(result);
  }
}

/** Warnings about live rules: valid settings that never work. An error while looking for them is a bug, and no reason to stop the rules. */
export async function warningsIn(live: Live, log: Log): Promise<readonly LeveledProblem[]> {
  try {
    return await live.lint();
  } catch (error) {
    log.error({ err: error }, 'the rules could not be looked through for warnings');
    return [];
  }
}

/** A line each, in which warnings do not look like errors. */
export function logProblems(problems: readonly LeveledProblem[], log: Log, what: string): void {
  for (const { code, file, line, column, level, message, mend } of problems)
    log[level === 'warning' ? 'warn' : 'error']({ code, at: `${file}:${line}:${column}`, mend }, `${what}: ${message}`);
}

/** Those whose timers may have moved: edited, or under other hours or silences. */
function editedRules({ ruleset, diff }: Extract<Prepared, { kind: 'ready' }>): readonly CompiledRule[] {
  const touched = new Set([...diff.added, ...diff.changed, ...diff.removed]);
  const all = [...touched].some((name) => /^(?:hours|silence) /.test(name));
  return all ? ruleset.rules : ruleset.rules.filter(({ name }) => touched.has(`rule ${name}`));
}

/** `rule failed-deploy` -> `failed-deploy` */
function namesOf(parts: readonly string[]): readonly string[] {
  return parts.filter((name) => name.startsWith('rule ')).map((name) => name.slice('rule '.length));
}

/** A source that does not start has no place in a file that could be told here; its name is in the message. */
function startProblem(error: Error): Problem {
  return {
    file: '',
    line: 1,
    column: 1,
    code: 'source.start',
    message: error.message,
    mend: 'mend what it names, then save or run `belfry reload`',
  };
}
