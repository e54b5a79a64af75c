import { BelfryError, EXIT, type Problem } from '../../core/problems/failure.ts';
import { counted } from '../../lib/counted.ts';

/** Error of rules that do not load; no state was touched. `belfry check` prints the same problems with excerpts. */
export class InvalidRules extends BelfryError {
  readonly problems: readonly Problem[];
  /** Problems of the kept rules, because of which they cannot be used in place of those on disk. */
  readonly keptProblems: readonly Problem[];

  constructor(config: string, problems: readonly Problem[], keptProblems: readonly Problem[] = []) {
    super(
      'rules.invalid',
      `the rules at ${config} do not load (${counted(problems.length, 'problem')}); nothing was touched`,
      {
        exit: EXIT.config,
      },
    );
    this.problems = problems;
    // One mistake gives one problem, also when it is both on disk and in the kept rules.
    this.keptProblems = keptProblems.filter((kept) => !problems.some((problem) => isSame(problem, kept)));
  }
}

const isSame = (a: Problem, b: Problem): boolean => a.file === b.file && a.code === b.code && a.message === b.message;
