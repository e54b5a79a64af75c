/** Axis: positions of values, and its labels. */
export interface Scale {
  readonly kind: 'linear' | 'log';
  readonly ticks: readonly number[];
  /** Position on the axis: 0 at its beginning, 1 at its end. */
  share(value: number): number;
}

/** Linear scale from zero to a round number above all values. */
export function linear(values: readonly number[]): Scale {
  const most = Math.max(...values, Number.MIN_VALUE);
  const step = roundStep(most / 6);
  const end = Math.ceil(most / step - 1e-9) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
  return { kind: 'linear', ticks, share: (value) => value / end };
}

/** Logarithmic scale between two powers of ten. */
export function logarithmic(values: readonly number[]): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => Number((10 ** (low + index)).toPrecision(12)));
  return { kind: 'log', ticks, share: (value) => (Math.log10(value) - low) / (high - low) };
}

/** Logarithmic scale from the smallest to the largest value, with the values as ticks. */
export function logarithmicAt(values: readonly number[]): Scale {
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  return {
    kind: 'log',
    ticks: values,
    share: (value) => (high === low ? 0 : (Math.log10(value) - low) / (high - low)),
  };
}

/** Linear scale, or a logarithmic one if the small values could not be seen on it. */
export const fitting = (values: readonly number[]): Scale =>
  Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 100 ? logarithmic(values) : linear(values);

/** 1, 2 or 5 times a power of ten, at least `size`. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((factor) => factor * power >= size * (1 - 1e-9)) ?? 10);
}
