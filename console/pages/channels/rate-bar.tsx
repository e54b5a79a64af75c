import type { VNode } from 'preact';
import type { RateView } from '../../../daemon/http/api/channels.ts';
import { texts } from '../../lib/texts.ts';

const WIDTH = 96;

/** Attempts that a rate limit leaves, as a bar and in words. */
export function RateBar({ rate }: { rate: RateView }): VNode {
  const { count, per, left } = rate;
  const label = texts.value.channels.rateLeft(left, count, per);
  return (
    <span class="rate">
      <svg class="bar-of" viewBox={`0 0 ${WIDTH} 4`} width={WIDTH} height={4} aria-hidden="true">
        <rect class="bar-rest" width={WIDTH} height={4} rx={2} />
        <rect class={left === 0 ? 'bar-warn' : 'bar-ok'} width={(WIDTH * left) / count} height={4} rx={2} />
      </svg>
      <small>{label}</small>
    </span>
  );
}
