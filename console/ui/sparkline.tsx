import type { VNode } from 'preact';
import type { Tone } from './chip.tsx';

/** A layer of the bars: one number for each step of time. */
export interface SparkLayer {
  readonly tone: Tone;
  readonly values: readonly number[];
}

const WIDTH = 96;
const HEIGHT = 20;

/** Small stacked bars over time, oldest first. `label` says the same in words. */
export function Sparkline({ layers, label }: { layers: readonly SparkLayer[]; label: string }): VNode {
  const steps = Math.max(1, ...layers.map(({ values }) => values.length));
  const sums = Array.from({ length: steps }, (_, step) =>
    layers.reduce((sum, { values }) => sum + (values[step] ?? 0), 0),
  );
  const most = Math.max(1, ...sums);
  const width = WIDTH / steps;
  const tops = sums.map(() => HEIGHT);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {layers.flatMap(({ tone, values }) =>
        values.map((value, step) => {
          if (value === 0) return null;
          const height = Math.max(1, (value / most) * (HEIGHT - 1));
          tops[step] = tops[step]! - height;
          const place = { x: step * width, y: tops[step], width: Math.max(1, width - 1), height };
          return <rect key={`${tone}-${step}`} class={`spark-${tone}`} {...place} />;
        }),
      )}
      <rect class="spark-base" x={0} y={HEIGHT - 0.5} width={WIDTH} height={0.5} />
    </svg>
  );
}
