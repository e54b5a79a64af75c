import type { VNode } from 'preact';
import type { DeliveryView } from '../../daemon/http/views.ts';
import { call } from '../api/client.ts';
import { path } from '../api/paths.ts';
import { href } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';
import { Action } from '../ui/action.tsx';

/** Actions that help in the state of a delivery. `test` sends a test to its channel. */
export function DeliveryActions({ delivery, test }: { delivery: DeliveryView; test: () => Promise<string> }): VNode {
  const { events } = texts.value;
  const { id, channel, state } = delivery;
  const retry = async (): Promise<string> => {
    await call('POST', path('deliveries', id, 'retry'), { body: {} });
    return events.retried;
  };
  const release = async (): Promise<string> => {
    await call('POST', path('channels', channel, 'release'), { body: {} });
    return events.released;
  };
  return (
    <p class="card-actions">
      {state === 'pending' && (
        <Action scope="admin" kind="primary" run={retry}>
          {events.retry}
        </Action>
      )}
      {state === 'held' && (
        <Action scope="admin" kind="primary" run={release}>
          {events.release}
        </Action>
      )}
      {state === 'dead' && (
        <a class="button primary" href={href(['dead', id])}>
          {events.editDead}
        </a>
      )}
      {state !== 'delivered' && state !== 'cancelled' && (
        <Action scope="admin" run={test}>
          {events.testChannel}
        </Action>
      )}
    </p>
  );
}
