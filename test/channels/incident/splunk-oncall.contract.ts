import { expect } from 'vitest';
import { splunkOncall } from '../../../daemon/channels/incident/splunk-oncall.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = 'a1b2c3d4-kx83-4fa4-9c26-f4f71023e120';
export const OK = { body: { result: 'success', entity_id: 'disk/web-1' } };

interface Alert {
  readonly entity_id: string;
  readonly entity_display_name: string;
  readonly state_message: string;
}

const alertOf = (received: string): Alert => JSON.parse(received) as Alert;

export const contract: ChannelContract = {
  type: splunkOncall,
  secrets: [KEY],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ key: KEY, routing_key: 'database', api }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'the message is refused inside a 200',
      answer: { body: { result: 'failure', message: 'message_type is missing' } },
      class: 'permanent',
      code: 'splunk_oncall.failure',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'the key is unknown',
      answer: { status: 404 },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'copy the URL of the REST endpoint again; the key is the part before `$routing_key`',
    },
    {
      when: 'the endpoint is turned off',
      answer: { status: 403 },
      class: 'permanent',
      code: 'http.403',
      misconfigured: true,
      mend: 'turn on the integration "REST - Generic"',
    },
  ],
  samples: { replace_key: { message: { replace_key: 'replace-sample' }, shown: '"entity_id":"replace-sample"' } },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { entity_display_name: title, state_message: text } = alertOf(received);
      expect(title.length).toBeLessThanOrEqual(250);
      expect(text.length).toBeLessThanOrEqual(20_480);
      expect(text.length).toBeGreaterThan(20_000);
      expect(text).toMatch(/… \(\+\d+ characters\)$/);
    },
    hostile(received) {
      const { entity_display_name: title, state_message: text } = alertOf(received);
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(text).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(received).not.toContain('vo_annotate');
    },
    sameId: (received) => alertOf(received).entity_id,
  },
};
