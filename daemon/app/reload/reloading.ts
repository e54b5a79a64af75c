import { reloadDetails } from '../../core/audit/details.ts';
import type { AuditEntry } from '../../core/audit/entry.ts';
import { type LeveledProblem, type Problem, withLevel } from '../../core/problems/failure.ts';
import type { CompiledRule, Ruleset } from '../../core/ruleset.ts';
import type { Log } from '../../lib/log.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { ReloadView } from '../../http/daemon-api.ts';
import type { ButtonListeners } from '../buttons/listeners.ts';
import type { Live, Prepared } from '../../reload/live.ts';
import type { RunningSources } from '../runtime/sources.ts';
import type { AuditLog } from '../identity/audit/audit-log.ts';
import type { Generations, ReloadCause } from './generations.ts';
import { ruleNames } from './rule-diffs.ts';
import type { Timers } from '../runtime/timers.ts';

export interface ReloadingDeps {
  readonly live: Live;
  readonly sources: RunningSources;
  readonly lanes: Lanes;
  readonly listeners: Pick<ButtonListeners, 'apply'>;
  readonly timers: Timers;
  /** Runs the tests of the rules if they require it; returns the failures. */
  readonly test: (ruleset: Ruleset) => Promise<readonly Problem[]>;
  readonly log: Log;
  /** Keeps the live rules for a start with rules that do not load. Called after each reload, before its end is reported. */
  readonly keep: () => Promise<void>;
  /** Problems that the start has reported. The first reload finds them again, and does not report them a second time. */
  readonly reported: readonly Problem[];
  readonly audit: Pick<AuditLog, 'record'>;
  /** History of the reloads. */
  readonly generations: Pick<Generations, 'record'>;
  /** Called after each reload that applied or rejected rules, or found that all of them load again. */
  readonly onEnd: (result: ReloadView) => void;
}

const NO_CHANGES = { added: [], changed: [], removed: [], restart_needed: [], notes: [] } as const;

/**
 * Reloads the rules: read -> compile -> (a problem? report it, keep the old rules) -> start new parts -> swap one reference -> stop
 * removed parts. Runs one reload at a time; a file that is saved during one is read by the next.
 */
export class Reloading {
  readonly #deps: ReloadingDeps;
  #last: Promise<unknown> = Promise.resolve();
  /** Whether the start or the last reload has found a file that does not load. */
  #hadErrors: boolean;
  #reported: readonly Problem[];
  /** The first scan of the watch finds the rules of the start. */
  #isFirst = true;

  constructor(deps: ReloadingDeps) {
    this.#deps = deps;
    this.#hadErrors = deps.reported.length > 0;
    this.#reported = deps.reported;
  }

  reload(by: ReloadCause): Promise<ReloadView> {
    const next = this.#last.then(() => this.#reloadOnce(by));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Resolves when no reload is running. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #reloadOnce(by: ReloadCause): Promise<ReloadView> {
    const { live } = this.#deps;
    const prepared = await live.prepare();
    const { generation: before, ruleSources } = live;
    const result = prepared.kind === 'ready' ? await this.#apply(prepared) : this.#notApplied(prepared);
    const outcome = prepared.kind === 'unchanged' ? 'unchanged' : result.generation > before ? 'applied' : 'rejected';
    const keeping = this.#deps.keep();
    const warnings = outcome === 'rejected' ? [] : await warningsIn(this.#deps.live, this.#deps.log);
    const reported = { ...result, problems: [...result.problems, ...warnings] };
    await keeping;
    if (outcome !== 'unchanged')
      this.#deps.generations.record({ by, result: reported, isApplied: outcome === 'applied', before: ruleSources });
    // A reload by the API has its line from there, with its caller.
    if (outcome !== 'unchanged' && by !== 'api') await this.#deps.audit.record(reloadEntry(by, reported));
    this.#report(reported, outcome, this.#isFirst && by === 'watch');
    this.#isFirst = false;
    return reported;
  }

  async #apply(prepared: Extract<Prepared, { kind: 'ready' }>): Promise<ReloadView> {
    const { live, sources, lanes, listeners, timers } = this.#deps;
    const { ruleset, diff, restartNeeded, problems } = prepared;
    const failing = await this.#deps.test(ruleset);
    if (failing.length > 0) return this.#rejected(failing);
    let change;
    try {
      change = await sources.prepare(ruleset.sources);
    } catch (error) {
      return this.#rejected([startProblem(live.root, error as Error)]);
    }
    live.swap(prepared);
    // No `await` between swap and apply: the lanes must know the new channels before an event is decided by the new rules.
    const applied = lanes.apply(ruleset.channels);
    listeners.apply(ruleset.channels);
    const rescheduled = timers.reschedule(editedRules(prepared), ruleNames(diff.removed));
    await change.commit();
    await applied;
    const notes = await rescheduled;
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

  #notApplied(prepared: Exclude<Prepared, { kind: 'ready' }>): ReloadView {
    if (prepared.kind === 'refused') return this.#refused(prepared.problems);
    return { ok: true, generation: this.#deps.live.generation, ...NO_CHANGES, problems: [] };
  }

  /** Rejects rules that load but cannot go live. */
  #rejected(problems: readonly Problem[]): ReloadView {
    this.#deps.live.reject(problems);
    return this.#refused(problems);
  }

  #refused(problems: readonly Problem[]): ReloadView {
    const { generation } = this.#deps.live;
    return { ok: false, generation, ...NO_CHANGES, problems: withLevel('error', problems) };
  }

  /** `isAtStart`: the reload only shows whether the rules were edited during the start. */
  #report(result: ReloadView, outcome: 'applied' | 'rejected' | 'unchanged', isAtStart: boolean): void {
    const { log, onEnd } = this.#deps;
    for (const setting of result.restart_needed) log.warn(`reload: ${setting} takes effect after a restart`);
    const { generation, added, changed, removed } = result;
    const isKnown = outcome === 'rejected' && isSameList(result.problems, this.#reported);
    this.#reported = [];
    const isRepaired = this.#hadErrors && result.ok;
    this.#hadErrors = !result.ok;
    if (isKnown) {
      log.info({ generation }, 'reload: the rules do not load, as at the start');
      return;
    }
    // Warnings that were reported before are not reported again by a reload that changes nothing.
    if (outcome !== 'unchanged') logProblems(result.problems, log, 'reload');
    if (outcome === 'unchanged') {
      if (isRepaired) log.info({ generation }, 'reload: the rules in force load again');
      else if (!isAtStart) log.info({ generation }, 'reload: nothing has changed');
      // An edit that was taken back ends the errors too, so their end is reported like that of a reload that changes rules.
      if (isRepaired) onEnd(result);
      return;
    }
    if (outcome === 'applied') log.info({ generation, added, changed, removed }, 'reload: applied');
    else log.error({ generation, problems: result.problems.length }, 'reload: rejected; the rules in force stay');
    onEnd(result);
  }
}

function reloadEntry(by: Exclude<ReloadCause, 'api'>, result: ReloadView): AuditEntry {
  const isWatch = by === 'watch';
  return {
    actor: isWatch ? 'files' : by,
    via: isWatch ? 'file' : 'signal',
    action: 'rules.reload',
    target: String(result.generation),
    result: 'done',
    details: reloadDetails(result),
  };
}

function isSameList(problems: readonly Problem[], others: readonly Problem[]): boolean {
  const textOf = ({ file, line, column, code, message }: Problem): string =>
    JSON.stringify([file, line, column, code, message]);
  const texts = new Set(others.map(textOf));
  return problems.length === others.length && problems.every((problem) => texts.has(textOf(problem)));
}

/** Warnings about live rules: settings that are valid and never have an effect. An error during the search is only logged. */
export async function warningsIn(live: Live, log: Log): Promise<readonly LeveledProblem[]> {
  try {
    return await live.lint();
  } catch (error) {
    log.error({ err: error }, 'the rules could not be checked for warnings');
    return [];
  }
}

/** Logs one line for each problem, at its level. */
export function logProblems(problems: readonly LeveledProblem[], log: Log, prefix: string): void {
  for (const { code, file, line, column, level, message, mend } of problems)
    log[level === 'warning' ? 'warn' : 'error'](
      { code, at: `${file}:${line}:${column}`, mend },
      `${prefix}: ${message}`,
    );
}

/** Rules whose timers may have changed: edited ones, and all rules if hours or silences were edited. */
function editedRules({ ruleset, diff }: Extract<Prepared, { kind: 'ready' }>): readonly CompiledRule[] {
  const touched = new Set([...diff.added, ...diff.changed, ...diff.removed]);
  const all = [...touched].some((name) => /^(?:hours|silence) /.test(name));
  return all ? ruleset.rules : ruleset.rules.filter(({ name }) => touched.has(`rule ${name}`));
}

/** Problem of a source that does not start. Its line is not known here; the message names the source. */
function startProblem(root: string, error: Error): Problem {
  return {
    file: root,
    line: 1,
    column: 1,
    code: 'source.start',
    message: error.message,
    mend: 'correct the named cause, then save or run `belfry reload`',
  };
}
