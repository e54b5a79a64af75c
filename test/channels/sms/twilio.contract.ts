import { expect } from 'vitest';
import { twilio } from '../../../daemon/channels/sms/twilio.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const SETTINGS = {
  account_sid: 'AC0123456789abcdef0123456789abcdef',
  auth_token: 'kx83jd02s9d8f7',
  from: '+15005550006',
  to: '+4915187654321',
};
export const OK = {
  status: 201,
  body: { sid: 'SM0123456789abcdef', status: 'queued', error_code: null, error_message: null, num_segments: '1' },
};
export const refused = (code: number, message: string, status = 400) => ({
  status,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
});

export const contract: ChannelContract = {
  type: twilio,
  secrets: [SETTINGS.auth_token],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, ...SETTINGS }),
      responses: { success: OK },
      received: ({ form }) => form.Body ?? '',
    }),
  refusals: [
    {
      when: 'the SID of the account or the token is wrong',
      answer: refused(20003, 'Authenticate', 401),
      class: 'permanent',
      code: 'twilio.20003',
      misconfigured: true,
      mend: 'copy both again; a test token sends nothing',
    },
    {
      when: 'the account is suspended or closed',
      answer: refused(20005, 'Account not active', 403),
      class: 'permanent',
      code: 'twilio.20005',
      misconfigured: true,
      mend: 'look at the billing of the account',
    },
    {
      when: 'there is no such account',
      answer: refused(20404, 'The requested resource was not found', 404),
      class: 'permanent',
      code: 'twilio.20404',
      misconfigured: true,
      mend: 'correct `account_sid`',
    },
    {
      when: 'there are too many requests',
      answer: refused(20429, 'Too Many Requests', 429),
      class: 'transient',
      code: 'twilio.20429',
      mend: 'wait; set `delivery.rate`',
    },
    {
      when: 'the number of the recipient is not valid',
      answer: refused(21211, "Invalid 'To' Phone Number"),
      class: 'permanent',
      code: 'twilio.21211',
      mend: 'correct the number in `to`',
    },
    {
      when: 'the number of the recipient is no mobile number',
      answer: refused(21614, "'To' number is not a valid mobile number"),
      class: 'permanent',
      code: 'twilio.21614',
      mend: 'use a mobile number',
    },
    {
      when: '`from` cannot send text messages',
      answer: refused(21606, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
      class: 'permanent',
      code: 'twilio.21606',
      misconfigured: true,
      mend: 'use a number of this account that can send SMS',
    },
    {
      when: '`from` belongs to another account',
      answer: refused(21660, "Mismatch between the 'From' number and the account"),
      class: 'permanent',
      code: 'twilio.21660',
      misconfigured: true,
      mend: 'use a number of this account',
    },
    {
      when: 'the messaging service has no sender',
      answer: refused(21703, 'The Messaging Service does not have a phone number'),
      class: 'permanent',
      code: 'twilio.21703',
      misconfigured: true,
      mend: 'add a number to the messaging service',
    },
    {
      when: 'the account may not send to this country',
      answer: refused(21408, 'Permission to send an SMS has not been enabled for the region'),
      class: 'permanent',
      code: 'twilio.21408',
      mend: 'allow the country under Messaging, Geo permissions',
    },
    {
      when: 'a trial account sends to a number that is not verified',
      answer: refused(21608, 'The number is unverified. Trial accounts cannot send messages to unverified numbers'),
      class: 'permanent',
      code: 'twilio.21608',
      mend: 'verify the number, or upgrade the account',
    },
    {
      when: 'the recipient has answered STOP',
      answer: refused(21610, 'Attempt to send to unsubscribed recipient'),
      class: 'permanent',
      code: 'twilio.21610',
      mend: 'the recipient must send START to the number in `from`',
    },
    {
      when: 'there is no way from this sender to this number',
      answer: refused(21612, "The 'To' phone number is not currently reachable using the 'From' phone number"),
      class: 'permanent',
      code: 'twilio.21612',
      mend: 'use another sender for this country',
    },
    {
      when: 'the text is too long',
      answer: refused(21617, 'The concatenated message body exceeds the 1600 character limit'),
      class: 'permanent',
      code: 'twilio.21617',
      mend: 'set `segments`',
    },
    {
      when: 'too many messages of this sender wait',
      answer: refused(21611, "This 'From' number has exceeded the maximum number of queued messages", 429),
      class: 'transient',
      code: 'twilio.21611',
      mend: 'wait; set `delivery.rate` to the rate of the number',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(received.length).toBeLessThanOrEqual(1600);
      expect(received.length).toBeGreaterThan(1500);
      expect(received).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile: (received) => expect(received).not.toMatch(/[^\P{Cc}\n]|\u202E/u),
    sameId: { notApplicable: 'Twilio drops no repeated message' },
  },
};
