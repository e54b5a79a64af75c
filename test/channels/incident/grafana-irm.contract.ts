import { expect } from 'vitest';
import { grafanaIrm } from '../../../daemon/channels/incident/grafana-irm.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'm12xmIjOcgwH74UF8CN4dk0Dh';
export const OK = { headers: { 'content-type': 'text/html; charset=utf-8' }, body: 'Ok.' };

interface Alert {
  readonly alert_uid: string;
  readonly title: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

const alertOf = (received: string): Alert => JSON.parse(received) as Alert;

export const contract: ChannelContract = {
  type: grafanaIrm,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (origin) => ({ url: `${origin}/integrations/v1/formatted_webhook/${TOKEN}/` }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'the request is not valid',
      answer: { status: 400 },
      class: 'permanent',
      code: 'http.400',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'the token in the URL is refused',
      answer: { status: 403 },
      class: 'permanent',
      code: 'http.403',
      misconfigured: true,
      mend: 'copy the HTTP endpoint of the integration again',
    },
    {
      when: 'the integration was deleted',
      answer: { status: 404 },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'make a formatted webhook and copy its HTTP endpoint',
    },
    {
      when: 'the integration gets more than 300 alerts in 5 minutes',
      answer: { status: 429, headers: { 'retry-after': '30' } },
      class: 'transient',
      code: 'http.429',
      retryAfter: 30_000,
      mend: 'nothing: Belfry waits',
    },
    {
      when: 'the address shows a page in place of an integration',
      answer: { body: '<!doctype html><title>Grafana</title>' },
      class: 'unknown',
      code: 'grafana_irm.unreadable',
      mend: 'copy the HTTP endpoint again, with the slash at its end',
    },
  ],
  samples: { replace_key: { message: { replace_key: 'replace-sample' }, shown: '"alert_uid":"replace-sample"' } },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, message } = alertOf(received);
      expect(title.length).toBeLessThanOrEqual(250);
      expect(message.length).toBeLessThanOrEqual(16_000);
      expect(message.length).toBeGreaterThan(15_000);
      expect(message).toMatch(/… \(\+\d+ characters\)$/);
    },
    hostile(received) {
      const { title, message, fields } = alertOf(received);
      expect(`${title}${Object.values(fields).join('')}`).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\u202E|(?<!\\)[<[*`!]|^[ \t]*[#>]/mu);
    },
    sameId: (received) => alertOf(received).alert_uid,
  },
};
