import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { ntfy } from '../../../daemon/channels/push/ntfy.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOPIC = 'alerts-kx83jd02';

export const TOKEN = 'tk_agqdq7mvbofd37zqvn29rhuzniz';

export interface Payload {
  readonly topic: string;
  readonly title: string;
  readonly message: string;
  readonly tags: readonly string[];
  readonly markdown: boolean;
}

export const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;

const refused = (status: number, code: number) => ({ status, body: { code, http: status, error: 'why' } });

export const contract: ChannelContract = {
  type: ntfy,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ topic: TOPIC, token: TOKEN, api }),
      responses: {
        success: { body: { id: 'hwQ2YpKdmg', event: 'message' } },
      },
    }),
  refusals: [
    {
      when: 'the topic is not valid',
      answer: refused(400, 40009),
      class: 'permanent',
      code: 'ntfy.40009',
      misconfigured: true,
      mend: 'choose another topic',
    },
    {
      when: 'the topic is reserved by the server',
      answer: refused(400, 40010),
      class: 'permanent',
      code: 'ntfy.40010',
      misconfigured: true,
      mend: 'choose another topic',
    },
    {
      when: 'the login is wrong',
      answer: refused(401, 40101),
      class: 'permanent',
      code: 'ntfy.40101',
      misconfigured: true,
      mend: 'check `token`, or `user` and `password`',
    },
    {
      when: 'the login may not write to the topic',
      answer: refused(403, 40301),
      class: 'permanent',
      code: 'ntfy.40301',
      misconfigured: true,
      mend: 'check `token`, or `user` and `password`',
    },
    {
      when: 'too many requests',
      answer: refused(429, 42901),
      class: 'transient',
      code: 'ntfy.42901',
      rateLimited: true,
      retryAfter: 5000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'too many failed logins',
      answer: refused(429, 42909),
      class: 'transient',
      code: 'ntfy.42909',
      rateLimited: true,
      retryAfter: 5000,
      mend: 'check `token`, or `user` and `password`',
    },
    {
      when: 'the traffic of the day is used up',
      answer: refused(429, 42905),
      class: 'transient',
      code: 'ntfy.42905',
      rateLimited: true,
      retryAfter: 3_600_000,
      mend: 'nothing: it is retried every hour; the quota begins again at midnight UTC',
    },
    {
      when: 'the messages of the day are used up',
      answer: refused(429, 42908),
      class: 'transient',
      code: 'ntfy.42908',
      rateLimited: true,
      retryAfter: 3_600_000,
      mend: 'nothing: it is retried every hour; the quota begins again at midnight UTC',
    },
    {
      when: 'nobody subscribes to a topic for UnifiedPush',
      answer: refused(507, 50701),
      class: 'permanent',
      code: 'ntfy.50701',
      mend: 'subscribe to the topic',
    },
    {
      when: 'the server has an error',
      answer: refused(500, 50001),
      class: 'transient',
      code: 'http.500',
      mend: 'nothing: it is retried',
    },
    {
      when: 'a parameter is not valid',
      answer: refused(400, 40099),
      class: 'permanent',
      code: 'http.400',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the message is too large',
      answer: refused(413, 41301),
      class: 'permanent',
      code: 'http.413',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the answer is not one of ntfy: a proxy or a login page',
      answer: { status: 200, body: '<html>' },
      class: 'unknown',
      code: 'ntfy.unreadable',
      mend: 'check the address and the network',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, message } = payloadOf(received);
      expect(byteLength(received)).toBeLessThanOrEqual(8192);
      expect(byteLength(message)).toBeLessThanOrEqual(4096);
      expect(byteLength(message)).toBeGreaterThan(3800);
      expect(message).toMatch(/… \(\+\d+ bytes\)/);
      expect(byteLength(title)).toBeLessThanOrEqual(250);
    },
    hostile(received, { format }) {
      const { title, message, tags, markdown } = payloadOf(received);
      expect(markdown).toBe(format === 'markdown');
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(tags).toEqual(['a b']);
      if (format === 'markdown') expect(message).not.toMatch(/(?<!\\)[<[*`]|^[ \t]*[#>]/m);
    },
    sameId: { notApplicable: 'ntfy drops no repeated message' },
  },
};
