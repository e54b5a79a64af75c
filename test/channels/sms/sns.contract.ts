import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { sns } from '../../../daemon/channels/sms/sns.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEYS = {
  region: 'eu-west-1',
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
export const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:alerts';
export const OK = {
  headers: { 'content-type': 'text/xml' },
  body: `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>94f20ce6-13c5</MessageId></PublishResult><ResponseMetadata><RequestId>f187a3c1</RequestId></ResponseMetadata></PublishResponse>`,
};
export const refused = (status: number, code: string, message: string) => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>f187a3c1</RequestId></ErrorResponse>`,
});

export const contract: ChannelContract = {
  type: sns,
  secrets: [KEYS.secret_access_key],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, ...KEYS, topic_arn: `${TOPIC}.fifo` }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'there is no such access key',
      answer: refused(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'),
      class: 'permanent',
      code: 'sns.InvalidClientTokenId',
      misconfigured: true,
      mend: 'make a new access key; temporary credentials need `session_token`, too',
    },
    {
      when: 'the secret of the access key is wrong',
      answer: refused(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match'),
      class: 'permanent',
      code: 'sns.SignatureDoesNotMatch',
      misconfigured: true,
      mend: 'copy `secret_access_key` again',
    },
    {
      when: 'the clock of this machine is wrong',
      answer: refused(403, 'SignatureDoesNotMatch', 'Signature expired: 20261123T040000Z is now earlier than'),
      class: 'permanent',
      code: 'sns.SignatureDoesNotMatch',
      misconfigured: true,
      mend: 'set the clock, for example by NTP',
    },
    {
      when: 'the temporary credentials have expired',
      answer: refused(403, 'ExpiredToken', 'The security token included in the request is expired'),
      class: 'permanent',
      code: 'sns.ExpiredToken',
      misconfigured: true,
      mend: 'use the access key of a user, which does not expire',
    },
    {
      when: 'the access key has no right to publish',
      answer: refused(403, 'AuthorizationError', 'User is not authorized to perform: SNS:Publish'),
      class: 'permanent',
      code: 'sns.AuthorizationError',
      misconfigured: true,
      mend: 'allow `sns:Publish` in the policy of the user',
    },
    {
      when: 'there is no such topic',
      answer: refused(404, 'NotFound', 'Topic does not exist'),
      class: 'permanent',
      code: 'sns.NotFound',
      misconfigured: true,
      mend: 'correct `topic_arn`',
    },
    {
      when: 'the message or the number is not valid',
      answer: refused(400, 'InvalidParameter', 'Invalid parameter: PhoneNumber Reason: +1 is not valid to publish to'),
      class: 'permanent',
      code: 'sns.InvalidParameter',
      mend: 'correct the parameter that the answer names',
    },
    {
      when: 'the destination is disabled',
      answer: refused(400, 'EndpointDisabled', 'Endpoint is disabled'),
      class: 'permanent',
      code: 'sns.EndpointDisabled',
      misconfigured: true,
      mend: 'enable it in the console',
    },
    {
      when: 'the key of an encrypted topic cannot be used',
      answer: refused(400, 'KMSAccessDenied', 'The ciphertext refers to a key that you do not have access to'),
      class: 'permanent',
      code: 'sns.KMSAccessDenied',
      misconfigured: true,
      mend: 'allow `kms:GenerateDataKey` and `kms:Decrypt` for the key of the topic',
    },
    {
      when: 'there are too many requests',
      answer: refused(400, 'Throttling', 'Rate exceeded'),
      class: 'transient',
      code: 'sns.Throttling',
      mend: 'wait; set `delivery.rate`',
    },
    {
      when: 'the topic gets too many messages',
      answer: refused(429, 'Throttled', 'Rate exceeded'),
      class: 'transient',
      code: 'sns.Throttled',
      mend: 'wait; set `delivery.rate`',
    },
    {
      when: 'there are too many requests for the key of an encrypted topic',
      answer: refused(400, 'KMSThrottling', 'The request was denied due to request throttling'),
      class: 'transient',
      code: 'sns.KMSThrottling',
      mend: 'wait; set `delivery.rate`',
    },
    {
      when: 'SNS has an error',
      answer: refused(500, 'InternalError', 'internal error'),
      class: 'transient',
      code: 'sns.InternalError',
      mend: 'wait',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { Subject, Message = '' } = JSON.parse(received) as Record<string, string>;
      expect(Subject).toMatch(/^[ -~]{1,99}$/);
      expect(byteLength(Message)).toBeLessThanOrEqual(256 * 1024 - 4096);
      expect(Message).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { Subject = '', Message = '' } = JSON.parse(received) as Record<string, string>;
      expect(Subject).toMatch(/^[ -~]{1,99}$/);
      expect(Message).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: (received) => (JSON.parse(received) as Record<string, string>).MessageDeduplicationId,
  },
};
