import type { SourceView } from '../../../daemon/http/api/sources.ts';
import { type Tone, toneOf } from '../../ui/chip.tsx';

export type Beats = NonNullable<SourceView['beats']>;
export type Beat = Beats['list'][number];

/** Parts of the bar of a beat, from 0 to 1: the period until the due time, the grace until the deadline, and the time that has passed. */
export interface Period {
  /** Part that is the period; the rest is the grace. */
  readonly due: number;
  readonly passed: number;
  readonly tone: Tone;
}

/** Undefined when no beat is expected. A heartbeat that is down has no time left. */
export function periodOf({ state, since, due_at: due, deadline_at: deadline }: Beat, now: number): Period | undefined {
  if (due === undefined || deadline === undefined) return undefined;
  const [start, middle, end] = [since, due, deadline].map((time) => Date.parse(time)) as [number, number, number];
  const whole = Math.max(1, end - start);
  const part = (time: number): number => Math.min(1, Math.max(0, (time - start) / whole));
  return { due: part(middle), passed: state === 'down' ? 1 : part(now), tone: toneOf(state) };
}

/** Sources that fail or miss something, first. */
export function worstFirst(sources: readonly SourceView[]): readonly SourceView[] {
  const rank = ({ state, beats }: SourceView): number => {
    if (state !== 'running') return 0;
    if ((beats?.counts.down ?? 0) > 0) return 1;
    return (beats?.counts.late ?? 0) > 0 ? 2 : 3;
  };
  return sources.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** Sources whose name, type, state or detail has a text. */
export function search(sources: readonly SourceView[], text: string): readonly SourceView[] {
  const wanted = text.trim().toLowerCase();
  return sources.filter(({ name, type, state, reason = '', detail = '' }) =>
    `${name} ${type} ${state} ${reason} ${detail}`.toLowerCase().includes(wanted),
  );
}

/** Number of keys by state, the worst first: `1 down, 3 up`; empty without any. */
export function countsText({ counts }: Beats): string {
  const states = ['down', 'late', 'new', 'up'] as const;
  return states
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(', ');
}

/** State of a source, or that of its beats where they are worse. */
export function stateOf({ state, beats }: SourceView): string {
  if (state !== 'running' || beats === undefined) return state;
  const { down, late } = beats.counts;
  return down > 0 ? 'down' : late > 0 ? 'late' : state;
}
