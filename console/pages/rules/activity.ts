import type { RuleView } from '../../../daemon/http/views.ts';
import { toneOf, type Tone } from '../../ui/chip.tsx';
import type { SparkLayer } from '../../ui/sparkline.tsx';

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Layers of the bars, from the bottom. */
const TONES: readonly Tone[] = ['ok', 'accent', 'warn', 'quiet', 'bad'];

/** Number of events by outcome in the last day, the most frequent first. */
export function totalsOf({ outcomes }: Pick<RuleView, 'outcomes'>): readonly (readonly [string, number])[] {
  const totals = new Map<string, number>();
  for (const { counts } of outcomes)
    for (const [outcome, count] of Object.entries(counts)) totals.set(outcome, (totals.get(outcome) ?? 0) + count);
  return [...totals].sort(([, a], [, b]) => b - a);
}

/** Bars for the last 24 hours, one layer for each tone. The last bar is the hour of `now`. */
export function layersOf({ outcomes }: Pick<RuleView, 'outcomes'>, now: number): readonly SparkLayer[] {
  const last = Math.floor(now / HOUR_MS);
  return TONES.map((tone) => {
    const values = Array.from({ length: HOURS }, () => 0);
    for (const { at, counts } of outcomes) {
      const step = HOURS - 1 - (last - Math.floor(Date.parse(at) / HOUR_MS));
      if (values[step] === undefined) continue;
      for (const [outcome, count] of Object.entries(counts)) if (toneOf(outcome) === tone) values[step] += count;
    }
    return { tone, values };
  });
}

/** `notified 3, throttled 12` */
export function totalsText(rule: Pick<RuleView, 'outcomes'>): string {
  return totalsOf(rule)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(', ');
}
