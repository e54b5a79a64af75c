import type { Curve, Line, Size } from './line.ts';
import { watchNoise } from './report/machine.ts';
import type { CurveResult, LineResult, Point, Round } from './report/results.ts';

export type Say = (text: string) => void;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Measures a line. If a round throws, the line ends with the earlier rounds, and the other lines are still measured. */
export async function measureLine(line: Line, size: Size, say: Say): Promise<LineResult> {
  const rounds: Round[] = [];
  const result = { name: line.name, rows: line.rows, rounds };
  const wanted = size === 'short' ? 1 : line.rounds;
  while (rounds.length < wanted) {
    say(`${line.name}, round ${rounds.length + 1} of ${wanted}`);
    const noise = watchNoise();
    try {
      const figures = await line.round(size);
      rounds.push({ noise: noise(), figures });
    } catch (error) {
      return { ...result, failed: messageOf(error) };
    }
  }
  return result;
}

export async function measureCurve(curve: Curve, size: Size, say: Say): Promise<CurveResult> {
  const { name, title, says, x, y, sizes } = curve;
  const points: Point[] = [];
  const result = { name, title, x, y, points, ...(says !== undefined && { says }) };
  for (const at of size === 'short' ? sizes.slice(0, 1) : sizes) {
    say(`${name}, ${at.toLocaleString('en-US')} ${x}`);
    try {
      points.push({ size: at, values: await curve.measure(at, size) });
    } catch (error) {
      return { ...result, failed: messageOf(error) };
    }
  }
  return result;
}
