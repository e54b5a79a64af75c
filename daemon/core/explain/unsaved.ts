import { BelfryError, type LeveledProblem } from '../problems/failure.ts';
import type { TimeOrAgo } from '../values/value-kind.ts';

/** Rules of a request, which are in no file. */
export interface UnsavedRules {
  /** Text of a whole rules file. */
  readonly text: string;
  /**
   * True: each part of the text takes the place of the live one with its name, and all other live parts stay. False: its rules and
   * silences are the only ones; channels, sources and hours that it names and does not have are the live ones.
   */
  readonly base: boolean;
}

/** Name of the text in its problems. */
export const UNSAVED_FILE = 'rules';

/** Result of a check of unsaved rules. */
export interface UnsavedCheck {
  readonly valid: boolean;
  readonly files: number;
  readonly rules: number;
  readonly problems: readonly LeveledProblem[];
}

/** Rules that are run over the stored history. Without `rules` those on disk. */
export interface BacktestRequest {
  readonly rules?: UnsavedRules;
  readonly since: TimeOrAgo;
  readonly until?: TimeOrAgo;
  /** The only rule to compare. */
  readonly rule?: string;
}

export interface BacktestProgress {
  /** Part of the time that is done, 0 to 1. */
  readonly progress: number;
  /** Events that were replayed so far, and the time of the last one, RFC 3339. */
  readonly events: number;
  readonly at: string;
}

/** Messages that the rules would have sent, and those that were sent. Times are RFC 3339. */
export interface BacktestResult {
  readonly since: string;
  readonly until: string;
  /** Time from which events were replayed, so that windows are as they were at `since`. */
  readonly replayed_from: string;
  /** Time of the oldest stored event, if it is after `since`: nothing is known about the time before. */
  readonly history_from?: string;
  /** Events between `since` and `until`. */
  readonly events: number;
  readonly was: number;
  readonly would: number;
  readonly rules: readonly RuleComparison[];
}

/** Messages of one rule, one for each channel that was notified; messages by which a fallback replaced one are not counted. */
export interface RuleComparison {
  readonly rule: string;
  /** Messages that the rule made at that time, delivered or not. */
  readonly was: number;
  readonly would: number;
  /** Messages that are in only one of the two. */
  readonly added: number;
  readonly removed: number;
  readonly examples: readonly ComparisonExample[];
  /** The first error of a template, a key or a condition of the rule. */
  readonly error?: string;
}

/** A message that is sent in only one of the two. */
export interface ComparisonExample {
  readonly change: 'added' | 'removed';
  /** Id of the event. */
  readonly event: string;
  readonly title: string;
  readonly channel: string;
  readonly key: string;
  readonly status: 'firing' | 'resolved';
  /** RFC 3339. */
  readonly at: string;
}

/** Rules that do not load, so that they cannot be run. */
export class RulesRefused extends BelfryError {
  readonly problems: readonly LeveledProblem[];

  constructor(problems: readonly LeveledProblem[]) {
    const [first, ...others] = problems.filter(({ level }) => level === 'error');
    const where = first === undefined ? '' : `: ${first.file}:${first.line}:${first.column}: ${first.message}`;
    super('rules.invalid', `the rules do not load${where}${others.length > 0 ? `, and ${others.length} more` : ''}`);
    this.problems = problems;
  }
}
