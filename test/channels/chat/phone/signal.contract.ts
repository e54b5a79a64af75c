import { expect } from 'vitest';
import { signal } from '../../../../daemon/channels/chat/phone/signal.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const FROM = '+4915112345678';
export const TO = '+4915187654321';
export const sent = (timestamp: string) => ({ status: 201, body: { timestamp } });

const refused = (status: number, error: string, more: object = {}) => ({ status, body: { error, ...more } });

const messageOf = (received: string): string => (JSON.parse(received) as { message: string }).message;

export const contract: ChannelContract = {
  type: signal,
  secrets: ['signalPass93'],
  samples: {
    mention: { message: { mention: ['user:+4915100000001'] }, shown: '"author":"+4915100000001"' },
  },
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, from: FROM, to: TO, headers: { Authorization: 'Basic signalPass93' } }),
      responses: { success: sent('1795406400000') },
    }),
  refusals: [
    {
      when: 'the recipient has no Signal',
      answer: refused(400, `Failed to send message: Unregistered user "${TO}"`),
      class: 'permanent',
      code: 'signal.unregistered',
      mend: 'correct the number in `to`',
    },
    {
      when: 'the safety number of the recipient has changed',
      answer: refused(400, `Failed to send message: Untrusted Identity for "${TO}"`),
      class: 'permanent',
      code: 'signal.untrusted_identity',
      mend: 'trust it: PUT /v1/identities/FROM/trust/TO of the server',
    },
    {
      when: 'there is no such group',
      answer: refused(400, 'Failed to send message: Group not found: abc='),
      class: 'permanent',
      code: 'signal.group',
      mend: 'list the groups with GET /v1/groups/FROM of the server',
    },
    {
      when: 'the sender is not registered',
      answer: refused(400, 'Specified account does not exist'),
      class: 'permanent',
      code: 'signal.sender',
      misconfigured: true,
      mend: 'link or register the number in `from` at the server',
    },
    {
      when: 'Signal wants a captcha',
      answer: refused(429, 'Failed to send message due to rate limiting', { challenge_tokens: ['t1'], account: FROM }),
      class: 'permanent',
      code: 'signal.captcha',
      misconfigured: true,
      mend: 'solve it: POST /v1/accounts/FROM/rate-limit-challenge of the server',
    },
    {
      when: 'Signal limits the rate without a challenge, and the message may have arrived',
      answer: refused(429, 'Failed to send message due to rate limiting', { challenge_tokens: [''], account: FROM }),
      class: 'unknown',
      code: 'signal.challenge',
      mend: 'look whether it arrived; signal-cli 0.14.6 or later says so',
    },
    {
      when: 'the server does not reach Signal',
      answer: refused(400, `Failed to send message: Network failure for "${TO}"`),
      class: 'transient',
      code: 'signal.network',
      mend: 'nothing: Belfry tries again',
    },
    {
      when: 'the request is refused for another reason',
      answer: refused(400, 'Please provide a valid number'),
      class: 'permanent',
      code: 'http.400',
      mend: 'read the body of the answer in the dead letter',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(messageOf(received).length).toBeLessThanOrEqual(2000);
      expect(messageOf(received).length).toBeGreaterThan(1500);
      expect(messageOf(received)).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile(received) {
      expect(JSON.parse(received)).toMatchObject({ text_mode: 'normal' });
      expect(JSON.parse(received)).not.toHaveProperty('mentions');
      expect(messageOf(received)).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: { notApplicable: 'Signal does not know a repeated message' },
  },
};
