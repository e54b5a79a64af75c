import { expect } from 'vitest';
import { newVapidKeys } from '../../../daemon/channels/kit/signing/vapid.ts';
import { webpush } from '../../../daemon/channels/push/webpush/webpush.ts';
import type { WebPushSubscriptions } from '../../../daemon/channels/channel.ts';
import type { WebPushSubscription } from '../../../daemon/core/delivery/web-push.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import { TestBrowser } from '../../support/push-service.ts';
import type { ChannelContract } from '../contract.ts';

export const CONTACT = 'mailto:ops@example.com';
const CAPABILITY = 'endpoint-capability-7d3f';
const browser = new TestBrowser();
export const keys = newVapidKeys();

/** Subscriptions in memory, by user. */
export function subscriptionsOf(users: Readonly<Record<string, readonly WebPushSubscription[]>>) {
  const ended: string[] = [];
  const subscriptions: WebPushSubscriptions = {
    keys: () => Promise.resolve(keys),
    of: (user) => Promise.resolve((users[user] ?? []).filter(({ endpoint }) => !ended.includes(endpoint))),
    end: (_, endpoint) => Promise.resolve(ended.push(endpoint) > 0),
  };
  return { subscriptions, ended };
}

export interface Payload {
  readonly web_push: number;
  readonly notification: {
    readonly title: string;
    readonly body: string;
    readonly navigate: string;
    readonly actions?: readonly { readonly title: string; readonly navigate: string }[];
  };
  readonly id: string;
}

const refused = (status: number, when: string, mend: string, misconfigured = false) => ({
  when,
  answer: { status },
  class: 'permanent' as const,
  code: `http.${status}`,
  misconfigured,
  mend,
});

export const contract: ChannelContract = {
  type: webpush,
  secrets: [CAPABILITY, keys.privateKey, browser.keys.auth],
  async openDestination() {
    const destination = await openHttpDestination({
      settings: () => ({ to: 'alice', contact: CONTACT }),
      responses: { success: { status: 201, headers: { location: `https://push.test/m/${CAPABILITY}` } } },
      received: ({ bytes }) => browser.decrypt(bytes),
    });
    const alice = [browser.subscription(`${destination.sink.origin}/${CAPABILITY}`)];
    return { ...destination, tools: { ...destination.tools, ...subscriptionsOf({ alice }) } };
  },
  refusals: [
    refused(400, 'the push service does not accept the request', 'report it: the request is wrong'),
    refused(403, 'the subscription was made with another key', 'subscribe again in this browser'),
    refused(404, 'the subscription is unknown', 'subscribe again in this browser; the daemon forgets it'),
    refused(410, 'the user has ended the subscription', 'nothing; the daemon forgets it'),
    refused(413, 'the message is too large', 'report it: messages are cut to the limit'),
  ],
  cases: {
    rateLimited: { notApplicable: 'a push service that limits one browser does not pause the others' },
    serverError: { code: 'http.500' },
    hang: { code: 'http.no_answer' },
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(3993);
      expect(Buffer.byteLength(received)).toBeGreaterThan(3700);
      expect((JSON.parse(received) as Payload).notification.body).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { notification } = JSON.parse(received) as Payload;
      expect(notification.title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(notification.body).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(notification.navigate).toBe('https://belfry.test/v1/webpush');
      expect(notification.actions).toBeUndefined();
    },
    sameId: (received) => (JSON.parse(received) as Payload).id,
  },
};
