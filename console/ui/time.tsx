import type { VNode } from 'preact';
import { duration, exact, now, short } from '../lib/time.ts';
import { texts } from '../lib/texts.ts';

/** A time: short, with the exact one and the distance from now in its title. */
export function Time({ at }: { at: string | number }): VNode {
  const time = new Date(at);
  return (
    <time dateTime={time.toISOString()} title={`${exact(at)} (${distance(time.getTime(), now.value)})`}>
      {short(at, now.value)}
    </time>
  );
}

/** A time by its distance from now: `5m ago`, `in 2h`. */
export function Ago({ at }: { at: string | number }): VNode {
  const time = new Date(at);
  return (
    <time dateTime={time.toISOString()} title={exact(at)}>
      {distance(time.getTime(), now.value)}
    </time>
  );
}

export function distance(at: number, from: number): string {
  const { common } = texts.value;
  const ms = at - from;
  if (Math.abs(ms) < 1_000) return common.justNow;
  // One unit is enough for a time that is long ago.
  const [first = '', second] = duration(Math.abs(ms)).split(' ');
  const text = second === undefined || Math.abs(ms) > 6 * 3_600_000 ? first : `${first} ${second}`;
  return ms > 0 ? common.in(text) : common.ago(text);
}
