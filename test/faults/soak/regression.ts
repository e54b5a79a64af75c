/** Straight line through points by least squares, with the bounds of its slope at 95 % confidence. */
export interface Line {
  readonly slope: number;
  readonly lower: number;
  readonly upper: number;
}

/** Quantile of the t distribution for two sides of 2.5 %, from 30 points on; a smaller sample gets a wider interval by `SMALL`. */
const QUANTILE = 2.05;
const SMALL = 3.2;
const MANY = 30;

/** `points` are pairs of time and value, at least three. */
export function fitLine(points: readonly (readonly [number, number])[]): Line {
  const count = points.length;
  if (count < 3) throw new Error(`a line needs three points, and there are ${count}`);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residues = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(residues / (count - 2) / spread);
  const margin = error * (count < MANY ? SMALL : QUANTILE);
  return { slope, lower: slope - margin, upper: slope + margin };
}
