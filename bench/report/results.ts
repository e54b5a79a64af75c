import type { Figure, Row, Size } from '../line.ts';
import type { Machine } from './machine.ts';

/** One round of a line: its figures, and the number of cores that other programs used meanwhile. */
export interface Round {
  readonly noise: number;
  readonly figures: readonly Figure[];
}

export interface LineResult {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly rounds: readonly Round[];
  /** Reason why there are no more rounds. */
  readonly failed?: string;
}

export interface Point {
  readonly size: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface CurveResult {
  readonly name: string;
  readonly title: string;
  readonly says?: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
  readonly failed?: string;
}

/** Results of a run, stored as JSON. */
export interface Results {
  readonly at: string;
  readonly size: Size;
  readonly machine: Machine;
  readonly lines: readonly LineResult[];
  readonly curves: readonly CurveResult[];
}

/** Merges new results into earlier ones, so that a long line can be measured alone. */
export function merged(before: Results, now: Results): Results {
  return { ...now, lines: replaced(before.lines, now.lines), curves: replaced(before.curves, now.curves) };
}

function replaced<T extends { readonly name: string }>(before: readonly T[], now: readonly T[]): readonly T[] {
  const fresh = new Map(now.map((result) => [result.name, result]));
  const known = new Set(before.map((result) => result.name));
  return [
    ...before.map((result) => fresh.get(result.name) ?? result),
    ...now.filter((result) => !known.has(result.name)),
  ];
}

export const failures = (results: Results): readonly string[] =>
  [...results.lines, ...results.curves]
    .filter((result) => result.failed !== undefined)
    .map((result) => `${result.name}: ${result.failed}`);
