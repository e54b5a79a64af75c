import { expect, test } from 'vitest';
import type { DeliveryView } from '../../../../daemon/http/daemon-api.ts';
import { ask, openTestListener } from '../../../support/listener.ts';
import { SAMPLE_DELIVERY, tokenOf } from '../../../support/recorded-daemon.ts';

async function opened(state: DeliveryView['state'], isDue: boolean) {
  const to = await openTestListener();
  to.daemon.known = [tokenOf('root', 'root-token', 'admin')];
  to.daemon.retryDelivery = async (id) =>
    id === 'd-1' ? { isDue, delivery: { ...SAMPLE_DELIVERY, state } } : undefined;
  return (id = 'd-1') => ask(to, `/v1/deliveries/${id}/retry`, { token: 'root-token', method: 'POST' });
}

test('a delivery that was made due is returned', async () => {
  const retry = await opened('held', true);
  expect(await retry()).toMatchObject({ status: 200, json: { id: 'd-1', state: 'held' } });
});

test('there is nothing to retry without a delivery', async () => {
  const retry = await opened('pending', true);
  expect(await retry('d-2')).toMatchObject({ status: 404, json: { code: 'delivery.none' } });
});

test.each([
  ['sending', 'delivery.in_flight', 'belfry deliveries d-1'],
  // Its attempt has ended between the two looks at it.
  ['pending', 'delivery.in_flight', 'belfry deliveries d-1'],
  ['delivered', 'delivery.ended', 'belfry channel test ops'],
  ['dead', 'delivery.ended', 'belfry dead resend d-1'],
  ['cancelled', 'delivery.ended', 'belfry events e-1'],
] as const)('a delivery that is %s is refused with what to do instead', async (state, code, mend) => {
  const retry = await opened(state, false);
  expect(await retry()).toMatchObject({ status: 409, json: { code, detail: expect.stringContaining(mend) } });
});
