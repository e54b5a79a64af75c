import { expect } from 'vitest';
import { alertmanager } from '../../../daemon/channels/incident/alertmanager.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'am-kx83jd02Lm4sqDk';
export const OK = { status: 200, body: '' };

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt: string;
}

const alertsOf = (received: string): readonly Alert[] => JSON.parse(received) as Alert[];

export const contract: ChannelContract = {
  type: alertmanager,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ api, token: TOKEN }), responses: { success: OK } }),
  refusals: [
    {
      when: 'a label or a time is not valid',
      answer: { status: 400, body: '"start time must be before end time"' },
      class: 'permanent',
      code: 'alertmanager.400',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'the request does not fit the schema',
      answer: { status: 422, body: { code: 601, message: 'alerts in body must be of type array' } },
      class: 'permanent',
      code: 'http.422',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'the login is refused',
      answer: { status: 401, body: 'Unauthorized' },
      class: 'permanent',
      code: 'http.401',
      misconfigured: true,
      mend: 'correct `token`, or `user` and `password`',
    },
    {
      when: 'something else is at this address',
      answer: { status: 404, body: '404 page not found' },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'correct `api`, with the path below which Alertmanager is served',
    },
    {
      when: 'a page of another server is at this address',
      answer: { body: '<!doctype html><title>Login</title>' },
      class: 'unknown',
      code: 'alertmanager.unreadable',
      mend: 'correct `api`, or give the login of the proxy',
    },
  ],
  samples: { replace_key: { message: { replace_key: 'replace-sample' }, shown: '"key":"replace-sample"' } },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const [{ annotations } = { annotations: {} as Alert['annotations'] }] = alertsOf(received);
      expect(Buffer.byteLength(annotations.summary!)).toBeLessThanOrEqual(1000);
      expect(Buffer.byteLength(annotations.description!)).toBeLessThanOrEqual(16_000);
      expect(annotations.description).toMatch(/… \(\+\d+ bytes\)$/);
    },
    hostile(received) {
      const [{ labels, annotations } = { labels: {}, annotations: {} as Alert['annotations'] }] = alertsOf(received);
      const { description, ...lines } = annotations;
      expect(Object.values({ ...labels, ...lines }).join('')).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(description).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: (received) => JSON.stringify(alertsOf(received)[0]!.labels),
  },
};
