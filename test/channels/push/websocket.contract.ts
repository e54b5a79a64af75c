import { expect } from 'vitest';
import type { PushGateway } from '../../../daemon/channels/channel.ts';
import { websocket } from '../../../daemon/channels/push/websocket.ts';
import type { ChannelContract } from '../contract.ts';

export type Pushed = Parameters<PushGateway['push']>[0];

export function gateway(): { pushed: Pushed[]; push: PushGateway } {
  const pushed: Pushed[] = [];
  return { pushed, push: { push: async (request) => void pushed.push(request) } };
}

export const contract: ChannelContract = {
  type: websocket,
  secrets: [],
  openDestination() {
    const { pushed, push } = gateway();
    return Promise.resolve({
      settings: { to: 'alice' },
      tools: { push },
      respondWith: () => undefined,
      received: () => pushed.map(({ delivery, message }) => JSON.stringify({ id: delivery.id, ...message })),
      close: () => Promise.resolve(),
    });
  },
  refusals: { notApplicable: 'nobody can refuse what waits for them' },
  cases: {
    rateLimited: { notApplicable: 'users set no rate' },
    serverError: { notApplicable: 'the message goes into our own store' },
    hang: { notApplicable: 'the message is stored, and the receipt comes later' },
    oversize(received) {
      expect((JSON.parse(received) as { body: string }).body.length).toBeGreaterThan(300_000);
    },
    hostile: {
      notApplicable: 'a message is pushed as the JSON that it is; showing it safely is the page that shows it',
    },
    sameId: (received) => (JSON.parse(received) as { id: string }).id,
  },
};
