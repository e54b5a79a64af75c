import type { Row, RowGoal } from '../line.ts';
import { median, type Spread, spread } from '../tools/statistics.ts';
import type { LineResult } from './results.ts';

export type GoalResult = 'met' | 'missed';

/** A row of the table in numbers. */
export interface Summary {
  readonly row: Row;
  readonly value: Spread;
  readonly floor?: number;
  /** Ratio of value and floor within a round, since a busy machine affects both. */
  readonly ratio?: Spread;
  readonly result?: GoalResult;
  readonly noise: number;
}

/** Rows of a line with measurements. */
export function summarise(line: LineResult): readonly Summary[] {
  return line.rows.flatMap((row) => {
    const summary = summariseRow(row, line);
    return summary === undefined ? [] : [summary];
  });
}

function summariseRow(row: Row, line: LineResult): Summary | undefined {
  const measured = line.rounds.flatMap((round) =>
    round.figures.filter((figure) => figure.row === row.name).map((figure) => ({ ...figure, noise: round.noise })),
  );
  if (measured.length === 0) return undefined;
  const value = spread(measured.map((figure) => figure.value));
  const compared = measured.filter((figure) => figure.floor !== undefined);
  const ratio = compared.length === 0 ? undefined : spread(compared.map((figure) => figure.value / figure.floor!));
  const result = row.goal === undefined ? undefined : judge(row.goal, value, ratio);
  return {
    row,
    value,
    noise: median(measured.map((figure) => figure.noise)),
    ...(ratio !== undefined && { floor: median(compared.map((figure) => figure.floor!)), ratio }),
    ...(result !== undefined && { result }),
  };
}

function judge(goal: RowGoal, value: Spread, ratio: Spread | undefined): GoalResult | undefined {
  const judged = goal.of === 'value' ? value : ratio;
  if (judged === undefined) return undefined;
  const isMet = goal.is === 'at least' ? judged.median >= goal.limit : judged.median <= goal.limit;
  return isMet ? 'met' : 'missed';
}
