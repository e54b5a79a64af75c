import type { LeveledProblem } from '../../core/problems/failure.ts';
import type { Excerpt } from '../../core/problems/problem-text.ts';

/** A problem with the line of the file around it, secrets masked; without the line where a secret could be in it. */
export interface ShownProblem extends LeveledProblem {
  readonly excerpt?: Excerpt;
}

/** One reload of the rules that changed them, or that was refused. Names are like `rule failed-deploy`, `channel ops`. */
export interface GenerationView {
  /** Number of the rules that were in force after it. */
  readonly generation: number;
  /** RFC 3339. */
  readonly at: string;
  readonly by: 'start' | 'watch' | 'api' | 'signal';
  /** `partial`: applied, except for files that do not load. `refused`: the rules in force stayed. */
  readonly result: 'applied' | 'partial' | 'refused';
  readonly counts: { readonly added: number; readonly changed: number; readonly removed: number };
  /** At most 500 of each. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly restart_needed: readonly string[];
  readonly notes: readonly string[];
  readonly diff: readonly RuleDiffView[];
  /** Number of differences that were left out because of the size of all. */
  readonly diff_omitted?: number;
  readonly problems: readonly ShownProblem[];
  readonly problems_omitted?: number;
}

/** A page of the rules in force, in the order of the files. */
export interface RulesView {
  readonly generation: number;
  /** Number of all rules. */
  readonly total: number;
  readonly rules: readonly RuleView[];
  /** Position of the next page; null on the last one. */
  readonly next: string | null;
  /** Problems of files on disk that are not in force, and warnings about those that are. */
  readonly problems: readonly ShownProblem[];
  /** Last run of the tests; absent if they were not run for these rules. */
  readonly tests?: Omit<RuleTestsView, 'results' | 'generation'>;
}

/** A rule in force. Times are RFC 3339; `match`, `if` and the settings of `flow` are texts of at most 200 characters. */
export interface RuleView {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** `kept`: the file on disk does not load, and this is its last good version. */
  readonly state: 'live' | 'kept' | 'disabled';
  /** Sources; absent: any. */
  readonly on?: readonly string[];
  readonly match?: string;
  readonly if?: string;
  /** Channels that it may notify, also by `escalate`. */
  readonly channels: readonly string[];
  /** Setting of each step, such as `dedupe`. */
  readonly flow: Readonly<Record<string, string>>;
  readonly last_match?: string;
  readonly last_notified?: string;
  /** Number of events by outcome in the hours of the last day in which there were any, oldest first. */
  readonly outcomes: readonly RuleHourView[];
  /** Number of groups of events that wait in its steps. */
  readonly waiting: number;
  readonly alerts: { readonly firing: number; readonly acknowledged: number };
  /** Tests that name it; absent if the tests were not run for these rules. */
  readonly tests?: { readonly passed: number; readonly failed: number };
  /** Its lines in the file with their comments, secrets masked; left out of a page on request. */
  readonly text?: string;
  /** Number of the first line of the text. */
  readonly text_line?: number;
}

export interface RuleHourView {
  /** Start of the hour. */
  readonly at: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** A rule in force with the results of its tests. */
export interface WholeRuleView extends RuleView {
  readonly generation: number;
  readonly text: string;
  readonly text_line: number;
  readonly test_results?: readonly RuleTestResultView[];
}

/** A run of the tests of the rules. */
export interface RuleTestsView {
  readonly generation: number;
  /** RFC 3339. */
  readonly at: string;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly RuleTestResultView[];
  /** Problems of test files that are not valid. */
  readonly problems: readonly LeveledProblem[];
}

export interface RuleTestResultView {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly ok: boolean;
  /** Rules that it names in `expect` or `outcomes`. */
  readonly rules: readonly string[];
  /** Differences from the expectations. */
  readonly problems: readonly LeveledProblem[];
}

/** Line differences of a rule as unified hunks, secrets masked, with the lines of the file. */
export interface RuleDiffView {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}
