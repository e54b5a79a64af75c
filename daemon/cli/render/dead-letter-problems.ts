import type { DeadLineProblem } from '../../http/daemon-api.ts';

/** Consecutive lines. */
interface Run {
  readonly first: DeadLineProblem;
  readonly last: number;
}

/** Messages on lines of the dead-letter file that are not records. Consecutive lines share one message, because a formatter makes many lines of one record. */
export function deadLetterProblems(problems: readonly DeadLineProblem[]): readonly string[] {
  const runs: Run[] = [];
  for (const problem of problems) {
    const before = runs.at(-1);
    if (before?.last === problem.line - 1) runs[runs.length - 1] = { ...before, last: problem.line };
    else runs.push({ first: problem, last: problem.line });
  }
  return runs.map(({ first: { line, problem }, last }) =>
    last === line
      ? `dead-letters.jsonl:${line}: ${problem}; the line stays unchanged`
      : `dead-letters.jsonl:${line}-${last}: none of these lines is a record, which is one line of JSON (\`jq -c\` makes it one again); they stay unchanged`,
  );
}
