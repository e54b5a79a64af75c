import type { VNode } from 'preact';
import { now } from '../../lib/time.ts';
import { texts } from '../../lib/texts.ts';
import { Ago } from '../../ui/time.tsx';
import { type Beat, periodOf } from './period.ts';

const WIDTH = 200;
const HEIGHT = 6;

/** Period and grace of a heartbeat as a bar with the time that has passed; the same in words beside it. */
export function BeatBar({ beat }: { beat: Beat }): VNode | null {
  const { sources } = texts.value;
  const period = periodOf(beat, now.value);
  if (period === undefined) return null;
  const { due, passed, tone } = period;
  const size = { height: HEIGHT };
  return (
    <span class="beat">
      <svg class="bar-of" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar-rest" width={WIDTH} {...size} />
        <rect class="bar-grace" x={WIDTH * due} width={WIDTH * (1 - due)} {...size} />
        <rect class={`bar-${tone}`} width={WIDTH * passed} {...size} />
        <rect class="bar-mark" x={WIDTH * due - 0.5} width={1} {...size} />
      </svg>
      <small>
        {beat.state === 'down' ? (
          <>
            {beat.cause === 'failed' ? sources.failed : sources.missed} <Ago at={beat.down_since!} />
          </>
        ) : (
          <>
            {sources.due} <Ago at={beat.due_at!} />, {sources.deadline} <Ago at={beat.deadline_at!} />
          </>
        )}
      </small>
    </span>
  );
}
