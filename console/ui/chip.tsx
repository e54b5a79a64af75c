import type { VNode } from 'preact';

export type Tone = 'ok' | 'warn' | 'bad' | 'quiet' | 'accent';

/** Tones of the states of deliveries, channels, sources and alerts, and of the outcomes of rules. Others are quiet. */
const TONES: Readonly<Record<string, Tone>> = {
  ok: 'ok',
  running: 'ok',
  up: 'ok',
  delivered: 'ok',
  notified: 'ok',
  resolved: 'ok',
  done: 'ok',
  rerun: 'ok',
  requeued: 'ok',
  pending: 'accent',
  sending: 'accent',
  waiting: 'accent',
  counting: 'accent',
  collected: 'accent',
  cancelled: 'warn',
  cancelling: 'warn',
  held: 'warn',
  paused: 'warn',
  acknowledged: 'warn',
  retrying: 'warn',
  late: 'warn',
  kept: 'bad',
  failing: 'bad',
  failed: 'bad',
  misconfigured: 'bad',
  dead: 'bad',
  down: 'bad',
  firing: 'bad',
  error: 'bad',
  removed: 'bad',
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'quiet';
}

/** Name of a state or an outcome. The words are those of the API, so that they can be searched for; they are not translated. */
export function Chip({ state, tone = toneOf(state), title }: { state: string; tone?: Tone; title?: string }): VNode {
  return (
    <span class={`chip chip-${tone}`} {...(title !== undefined && { title })}>
      {state}
    </span>
  );
}
