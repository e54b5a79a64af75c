import {
  type BacktestProgress,
  type BacktestRequest,
  type BacktestResult,
  type RuleComparison,
  RulesRefused,
  type UnsavedRules,
} from '../../../core/explain/unsaved.ts';
import type { Memory } from '../../../core/flow/decision.ts';
import { SILENCES } from '../../../core/flow/steps/silence.ts';
import { BelfryError } from '../../../core/problems/failure.ts';
import { resolveTime } from '../../../core/values/value-kind.ts';
import { timeOfId } from '../../../lib/id.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { PastSilence } from '../../../simulation/replay.ts';
import type { Store } from '../../../store/store.ts';
import { HistoryReader } from './history-reader.ts';
import type { ReplayRange, RulesInput } from './protocol.ts';
import { openThread, type UnsavedThread } from './thread.ts';

export interface BacktestDeps {
  readonly store: Pick<Store, 'events' | 'deliveries' | 'memory'>;
  readonly clock: Clock;
  readonly inputOf: (rules: UnsavedRules | undefined) => Promise<RulesInput>;
}

/** Time before the first compared message from which events are replayed, since windows may be open at its beginning. */
const WARM_UP_MS = 24 * 3_600_000;
/** Time for compiling the rules, and for replaying one page of the history. */
const STEP_TIMEOUT_MS = 60_000;
/** Shortest time between two lines of progress. */
const PROGRESS_MS = 200;

type Line = BacktestProgress | BacktestResult;

/** Runs rules over the stored history, one run at a time, since it uses a processor core. */
export class Backtests {
  readonly #deps: BacktestDeps;
  #isRunning = false;

  constructor(deps: BacktestDeps) {
    this.#deps = deps;
  }

  /** Yields progress, then the result; ends early when `signal` aborts. Rejects with `backtest.running`, `backtest.range`, `rule.none` or `RulesRefused`. */
  async *run(request: BacktestRequest, signal: AbortSignal): AsyncGenerator<Line> {
    if (this.#isRunning) {
      const message = 'another backtest is running; wait for its end, or end it by closing its connection';
      throw new BelfryError('backtest.running', message);
    }
    this.#isRunning = true;
    try {
      yield* this.#runOnce(request, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  async *#runOnce(request: BacktestRequest, signal: AbortSignal): AsyncGenerator<Line> {
    const { clock, inputOf, store } = this.#deps;
    const now = clock.now();
    const range = { ...timesOf(request, now), rule: request.rule, silences: silencesOf(store.memory(now)) };
    const input = await inputOf(request.rules);
    const thread = await openThread(clock, signal);
    try {
      await begin(thread, input, range);
      yield* this.#replay(thread, range);
    } finally {
      thread.close();
    }
  }

  async *#replay(thread: UnsavedThread, range: ReplayRange): AsyncGenerator<Line> {
    const { store, clock } = this.#deps;
    const { from, since, until } = range;
    const reader = new HistoryReader(store, range);
    const oldest = await reader.oldest();
    yield { progress: 0, events: 0, at: rfc3339(from) };
    let reportedAt = clock.monotonic();
    let replayed = 0;
    let events = 0;
    for await (const page of reader.pages()) {
      await thread.ask({ kind: 'page', page }, STEP_TIMEOUT_MS);
      replayed += page.events.length;
      events += page.events.filter(({ at }) => at >= since).length;
      const at = page.events.at(-1)?.at;
      if (at === undefined || clock.monotonic() - reportedAt < PROGRESS_MS) continue;
      reportedAt = clock.monotonic();
      yield { progress: partOf(at, Math.max(from, oldest ?? from), until), events: replayed, at: rfc3339(at) };
    }
    const reply = await thread.ask({ kind: 'end' }, STEP_TIMEOUT_MS);
    if (reply.kind !== 'compared') throw new Error(`the end of a backtest was answered by ${reply.kind}`);
    const { rules } = reply;
    yield {
      since: rfc3339(since),
      until: rfc3339(until),
      replayed_from: rfc3339(from),
      ...(oldest !== undefined && oldest > since && { history_from: rfc3339(oldest) }),
      events,
      was: sumOf(rules, 'was'),
      would: sumOf(rules, 'would'),
      rules,
    };
  }
}

async function begin(thread: UnsavedThread, rules: RulesInput, range: ReplayRange): Promise<void> {
  const reply = await thread.ask({ kind: 'begin', rules, ...range }, STEP_TIMEOUT_MS);
  if (reply.kind === 'refused') throw new RulesRefused(reply.problems);
  if (reply.kind === 'no_rule') throw new BelfryError('rule.none', `there is no rule \`${range.rule}\` in these rules`);
}

/** Times of a request. An end in the future is now: nothing has come in after it. */
function timesOf(request: BacktestRequest, now: number): Pick<ReplayRange, 'from' | 'since' | 'until'> {
  const since = resolveTime(request.since, now);
  const until = Math.min(now, request.until === undefined ? now : resolveTime(request.until, now));
  if (since >= until)
    throw new BelfryError('backtest.range', '`since` is not before `until`; give a time or a duration ago, such as 7d');
  return { from: Math.max(0, since - WARM_UP_MS), since, until };
}

/** Part of a time that is done, from 0 to 1, to a thousandth. */
function partOf(at: number, from: number, until: number): number {
  return Math.min(1, Math.max(0, Math.round((1000 * (at - from)) / (until - from)) / 1000));
}

/** Silences that persons made and that are still stored. The id of one has the time at which it was made. */
function silencesOf(memory: Memory): readonly PastSilence[] {
  return [...memory.each(SILENCES.rule, SILENCES.step)].map(([id, given]) => ({
    id,
    given: given as PastSilence['given'],
    madeAt: timeOfId(id),
  }));
}

function sumOf(rules: readonly RuleComparison[], side: 'was' | 'would'): number {
  return rules.reduce((sum, rule) => sum + rule[side], 0);
}
