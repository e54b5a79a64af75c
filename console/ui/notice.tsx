import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Tone } from './chip.tsx';

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

const SHOWN_MS = 6_000;
const notices = signal<readonly Notice[]>([]);
let lastId = 0;

/** Shows the result of an action for a few seconds. */
export function notify(text: string, tone: Tone = 'ok'): void {
  lastId += 1;
  const id = lastId;
  notices.value = [...notices.value.slice(-3), { id, text, tone }];
  setTimeout(() => {
    notices.value = notices.value.filter((one) => one.id !== id);
  }, SHOWN_MS);
}

/** The latest notices; a screen reader reads each once. */
export function Notices(): VNode {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, tone }) => (
        <div key={id} class={`notice notice-${tone}`}>
          {text}
        </div>
      ))}
    </div>
  );
}
