/** Comparison of the durations of two requests. */
export interface Times {
  /** Medians and the t value, to be printed. */
  readonly text: string;
  /** Whether the difference is one that a network would not hide: more than a quarter of the duration, and significant. */
  readonly isGross: boolean;
}

const MS_PER_NS = 1e-6;
const GROSS = 0.25;
/** Values of |t| above it are not chance (Welch, as in dudect). */
const SIGNIFICANT = 4.5;
/** The slowest part of each, which is the noise of the machine. */
const DISCARDED = 0.1;

/** Measures two requests in turns, so that both have the same noise, and prints the result. */
export async function compareTimes(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  count: number,
): Promise<Times> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < count; round += 1) {
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const which of order) {
      const start = process.hrtime.bigint();
      await (which === 0 ? one : other)();
      times[which].push(Number(process.hrtime.bigint() - start) * MS_PER_NS);
    }
  }
  const [first, second] = times.map((values) => summaryOf(values)) as [Summary, Summary];
  const t = (first.mean - second.mean) / Math.sqrt(first.variance / first.count + second.variance / second.count);
  const text = `medians ${first.median.toFixed(3)} ms and ${second.median.toFixed(3)} ms, t ${t.toFixed(1)}, ${count} requests each`;
  process.stdout.write(`  times: ${text}\n`);
  const difference = Math.abs(first.median - second.median) / Math.min(first.median, second.median);
  return { text, isGross: difference > GROSS && Math.abs(t) > SIGNIFICANT };
}

interface Summary {
  readonly count: number;
  readonly median: number;
  readonly mean: number;
  readonly variance: number;
}

function summaryOf(values: readonly number[]): Summary {
  const kept = values.toSorted((a, b) => a - b).slice(0, Math.ceil(values.length * (1 - DISCARDED)));
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1);
  return { count: kept.length, median: kept[kept.length >> 1]!, mean, variance };
}
