import type { VNode } from 'preact';
import type { ChannelTestView, DeliveryView } from '../../../daemon/http/daemon-api.ts';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { href } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';

/** Actions that help in the state of a delivery. */
export function DeliveryActions({ delivery }: { delivery: DeliveryView }): VNode {
  const { deliveries } = texts.value;
  const { id, channel, state } = delivery;
  const retry = async (): Promise<string> => {
    await call('POST', path('deliveries', id, 'retry'));
    return deliveries.retried;
  };
  const release = async (): Promise<string> => {
    await call('POST', path('channels', channel, 'release'), { body: {} });
    return deliveries.released(channel);
  };
  const test = async (): Promise<string> => {
    const { ok, error } = await call<ChannelTestView>('POST', path('channels', channel, 'test'), { body: {} });
    if (!ok) throw new Error(`${error?.code ?? ''}: ${error?.message ?? ''}`);
    return deliveries.tested(channel);
  };
  return (
    <p class="delivery-actions">
      {state === 'pending' && (
        <Action scope="admin" kind="primary" run={retry}>
          {deliveries.retry}
        </Action>
      )}
      {state === 'held' && (
        <Action scope="admin" kind="primary" run={release}>
          {deliveries.release}
        </Action>
      )}
      {state === 'dead' && <a href={href(['dead', id])}>{deliveries.edit}</a>}
      {state !== 'cancelled' && (
        <Action scope="admin" run={test} title={deliveries.testMore}>
          {deliveries.test}
        </Action>
      )}
    </p>
  );
}
