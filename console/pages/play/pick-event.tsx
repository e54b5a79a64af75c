import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { EventView } from '../../../daemon/http/views.ts';
import { useResource } from '../../api/resource.ts';
import { texts } from '../../lib/texts.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';

const TYPING_MS = 300;

/** Search for a past event. */
export function PickEvent({ onPick, onClose }: { onPick: (id: string) => void; onClose: () => void }): VNode {
  const { events, play } = texts.value;
  const input = useRef<HTMLInputElement>(null);
  const typed = useSignal('');
  const text = useSignal('');
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    const timer = setTimeout(() => (text.value = typed.value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed.value]);
  const found = useResource<{ readonly events: readonly EventView[] }>('/v1/events', {
    query: { text: text.value, limit: '20' },
    live: false,
  });
  return (
    <Dialog title={play.pick} onClose={onClose} wide>
      <div class="form">
        <label>
          {texts.value.filters.labels.text}
          <input
            ref={input}
            type="search"
            value={typed.value}
            autoComplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
          />
        </label>
      </div>
      <Loaded of={found}>
        {({ events: list }) =>
          list.length === 0 ? (
            <Empty title={events.none} />
          ) : (
            <ul class="picks" aria-label={events.title}>
              {list.map(({ id, type, subject, source, received_at: at }) => (
                <li key={id}>
                  <button type="button" class="plain" onClick={() => onPick(id)}>
                    <strong>{type}</strong> <span class="soft">{subject ?? source}</span> <Ago at={at} />
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Dialog>
  );
}
