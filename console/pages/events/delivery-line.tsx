import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { DeliveryActions } from '../../parts/delivery-actions.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Ago } from '../../ui/time.tsx';

/** One message to one channel: how far it came, and the action that helps. */
export function DeliveryLine({ delivery, event }: { delivery: DeliveryView; event: EventView }): VNode {
  const { events } = texts.value;
  const { id, channel, state, attempts, receipt, next_at, reason, mend } = delivery;
  const last = attempts.at(-1);
  return (
    <div class="delivery">
      <p>
        <Chip state={state} />{' '}
        <a href={href(['deliveries', id])}>
          <strong>{channel}</strong> · {events.attempts(attempts.length)}
        </a>
        {next_at !== undefined && (
          <span class="soft">
            {events.next} <Ago at={next_at} />
          </span>
        )}
      </p>
      {receipt !== undefined && <p class="soft">{receipt.id ?? receipt.answer ?? receipt.status}</p>}
      {state !== 'delivered' && last?.message !== undefined && (
        <p class="soft">
          {last.class} {last.code}: {last.message}
        </p>
      )}
      {reason !== undefined && <p class="soft">{reason}</p>}
      {mend !== undefined && <p class="soft">→ {mend}</p>}
      <MessageDetails id={id} />
      <DeliveryActions delivery={delivery} test={() => sendTest(channel, delivery.rule, event.id)} />
    </div>
  );
}

/** The message as it was rendered, read when it is opened. */
function MessageDetails({ id }: { id: string }): VNode {
  const { events } = texts.value;
  const isOpen = useSignal(false);
  const delivery = useResource<DeliveryView>(isOpen.value ? path('deliveries', id) : undefined, { live: false });
  return (
    <details class="card-more" onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>{events.message}</summary>
      {isOpen.value && <Loaded of={delivery}>{({ message }) => <Message of={message} />}</Loaded>}
    </details>
  );
}

function Message({ of }: { of: DeliveryView['message'] }): VNode | null {
  if (of === undefined) return null;
  return (
    <div class="message">
      <p class="message-title">{of.title}</p>
      {of.body !== undefined && <p class="message-body">{of.body}</p>}
    </div>
  );
}

/** Sends the message of a rule for an event to one channel, as a test: nothing is decided or counted. */
export async function sendTest(channel: string, rule: string, id: string): Promise<string> {
  const { ok, error } = await call<{ ok: boolean; error?: { code: string; message: string } }>(
    'POST',
    path('channels', channel, 'test'),
    { body: { rule, id } },
  );
  if (!ok) throw new Error(`${error?.code ?? ''}: ${error?.message ?? ''}`);
  return texts.value.events.testSent;
}
