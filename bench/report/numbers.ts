/** Formats a number with three significant digits; whole thousands with commas: `0.812`, `1.68`, `7,536`. */
export function figureText(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 10) return value.toFixed(1);
  if (size >= 1 || value === 0) return value.toFixed(2);
  return value.toPrecision(size >= 0.1 ? 2 : 1);
}

const THOUSANDS = [
  { from: 1e6, letter: 'M' },
  { from: 1e3, letter: 'k' },
] as const;

/** Short form for an axis: `10`, `2.5k`, `1M`. */
export function axisText(value: number): string {
  const unit = THOUSANDS.find(({ from }) => Math.abs(value) >= from);
  return unit === undefined
    ? String(Number(value.toPrecision(3)))
    : `${Number((value / unit.from).toPrecision(3))}${unit.letter}`;
}
