import type { EventInput } from '../../core/event/event.ts';
import type { Explanation } from '../../core/explain/explain.ts';
import type {
  BacktestProgress,
  BacktestRequest,
  BacktestResult,
  UnsavedCheck,
  UnsavedRules,
} from '../../core/explain/unsaved.ts';
import type { LeveledProblem } from '../../core/problems/failure.ts';

export type {
  BacktestProgress,
  BacktestRequest,
  BacktestResult,
  RuleComparison,
  UnsavedCheck,
} from '../../core/explain/unsaved.ts';

/**
 * Calls about rules that are in no file. They run in a thread that ends with the signal, resolve no reference and change nothing. All
 * reject with `rules.busy` (429), and with `rules.too_slow` or `rules.too_large` (400).
 */
export interface UnsavedApi {
  check(rules: UnsavedRules, signal: AbortSignal): Promise<UnsavedCheck>;
  /** Explains an event as if nothing had happened before; undefined when no event has this id. */
  explain(request: UnsavedExplainRequest, signal: AbortSignal): Promise<UnsavedExplanation | undefined>;
  /** Yields progress, then the result. Rejects with `backtest.running` (409), `backtest.range` (400), `rule.none` (404) or `RulesRefused` (400). */
  backtest(request: BacktestRequest, signal: AbortSignal): AsyncIterable<BacktestProgress | BacktestResult>;
}

export interface UnsavedExplainRequest {
  readonly rules: UnsavedRules;
  readonly event?: EventInput;
  /** Id of a past event, in place of `event`. */
  readonly id?: string;
  readonly rule?: string;
  /** Assumed time of arrival, milliseconds since the epoch; default now. */
  readonly at?: number;
}

/** `valid` and `problems` as those of a check; if the rules do not load, nothing is explained. */
export type UnsavedExplanation =
  | ({ readonly valid: true; readonly problems: readonly LeveledProblem[] } & Explanation)
  | {
      readonly valid: false;
      readonly problems: readonly LeveledProblem[];
      readonly event: EventInput;
      readonly rules: readonly [];
    };
