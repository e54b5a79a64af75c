import { expect } from 'vitest';
import { opsgenie } from '../../../daemon/channels/incident/opsgenie.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const KEY = 'eb243592-faa2-4ba2-a551-1afdf565c889';
const REQUEST = '43a29c5c-3dbf-4fa4-9c26-f4f71023e120';
export const OK = { status: 202, body: { result: 'Request will be processed', took: 0.302, requestId: REQUEST } };

const refused = (
  status: number,
  message: string,
  when: string,
  mend: string,
  headers: Record<string, string> = {},
): DocumentedRefusal => ({
  when,
  answer: { status, headers, body: { message, took: 0.001, requestId: REQUEST } },
  class: status === 429 ? 'transient' : 'permanent',
  code: `opsgenie.${status}`,
  misconfigured: ![400, 422, 429].includes(status),
  mend,
});

interface Alert {
  readonly message: string;
  readonly alias: string;
  readonly description: string;
}

const alertOf = (received: string): Alert => JSON.parse(received) as Alert;

export const contract: ChannelContract = {
  type: opsgenie,
  secrets: [KEY],
  openDestination: () => openHttpDestination({ settings: (api) => ({ key: KEY, api }), responses: { success: OK } }),
  refusals: [
    refused(400, 'Body is empty', 'the request is not valid JSON', 'report it: the request is wrong'),
    refused(
      401,
      'Could not authenticate',
      'the key is wrong or its integration is off',
      'turn the integration on, and copy its key again',
    ),
    refused(
      402,
      'Your plan does not allow this',
      'the plan does not include the API',
      'change the plan of the account',
    ),
    refused(
      403,
      'You are not authorized',
      'the key may not create alerts',
      'allow "Create and update access" in the integration',
    ),
    refused(404, 'No handler', 'nothing is at this address', 'correct `api` and `region`'),
    refused(405, 'Method not allowed', 'the address is not that of the alert API', 'correct `api`'),
    refused(410, 'Gone', 'the account was moved to Jira Service Management', 'make a key there and set `api`'),
    refused(422, 'Request body is not processable', 'a field is not valid', 'report it: the request is wrong'),
    {
      ...refused(429, 'You are making too many requests!', 'too many requests are sent', 'nothing: Belfry waits', {
        'x-ratelimit-state': 'THROTTLED',
        'x-ratelimit-period-in-sec': '20',
      }),
      retryAfter: 20_000,
    },
  ],
  samples: { replace_key: { message: { replace_key: 'replace-sample' }, shown: '"alias":"replace-sample"' } },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { message, description } = alertOf(received);
      expect(message.length).toBeLessThanOrEqual(130);
      expect(description.length).toBeLessThanOrEqual(15_000);
      expect(description.length).toBeGreaterThan(14_500);
      expect(description).toMatch(/… \(\+\d+ characters\)$/);
    },
    hostile(received) {
      const { message, description } = alertOf(received);
      expect(message).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(description).not.toMatch(/[^\P{Cc}\n]|[\u202E<]/u);
    },
    sameId: (received) => alertOf(received).alias,
  },
};
