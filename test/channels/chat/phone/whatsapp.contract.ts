import { expect } from 'vitest';
import { CODE_POINTS } from '../../../../daemon/channels/kit/text/text.ts';
import { whatsapp } from '../../../../daemon/channels/chat/phone/whatsapp.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const TOKEN = 'EAAJBsecretWhatsappToken';
export const TO = '+4915112345678';
export const SENT = {
  body: {
    messaging_product: 'whatsapp',
    contacts: [{ input: TO, wa_id: '4915112345678' }],
    messages: [{ id: 'wamid.HBgL', message_status: 'accepted' }],
  },
};
export const SETTINGS = { token: TOKEN, phone_id: '106540352242922', to: TO, template: 'alert', language: 'en_US' };

const refused = (status: number, code: number, details?: string) => ({
  status,
  body: {
    error: {
      message: `(#${code}) why`,
      type: 'OAuthException',
      code,
      ...(details !== undefined && { error_data: { messaging_product: 'whatsapp', details } }),
      fbtrace_id: 'A1',
    },
  },
});

const textsOf = (received: string): readonly string[] =>
  (
    JSON.parse(received) as { template: { components: [{ parameters: readonly { text: string }[] }] } }
  ).template.components[0].parameters.map(({ text }) => text);

export const contract: ChannelContract = {
  type: whatsapp,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({
        ...SETTINGS,
        api,
        params: [
          '{{ title }}',
          '{{ body }}',
          '{{ link }} {{ tags }} {% for f in fields %}{{ f[0] }}={{ f[1] }} {% endfor %}',
        ],
      }),
      responses: { success: SENT },
    }),
  refusals: [
    {
      when: 'the access token is expired',
      answer: refused(401, 190),
      class: 'permanent',
      code: 'whatsapp.190',
      misconfigured: true,
      mend: 'make a token of a system user, which does not expire',
    },
    {
      when: 'the token may not send messages',
      answer: refused(403, 10),
      class: 'permanent',
      code: 'whatsapp.10',
      misconfigured: true,
      mend: 'give the token whatsapp_business_messaging',
    },
    {
      when: 'the phone number is not registered',
      answer: refused(400, 133010),
      class: 'permanent',
      code: 'whatsapp.133010',
      misconfigured: true,
      mend: 'register the number, and check `phone_id`',
    },
    {
      when: 'the business account is locked',
      answer: refused(403, 131031),
      class: 'permanent',
      code: 'whatsapp.131031',
      misconfigured: true,
      mend: 'see the reason in WhatsApp Manager',
    },
    {
      when: 'the business account has no valid payment method',
      answer: refused(400, 131042),
      class: 'permanent',
      code: 'whatsapp.131042',
      misconfigured: true,
      mend: 'add a payment method to the business account',
    },
    {
      when: 'the template does not exist in the language or is not approved',
      answer: refused(404, 132001, 'template name (alert) does not exist in en_US'),
      class: 'permanent',
      code: 'whatsapp.132001',
      misconfigured: true,
      mend: 'correct `template` and `language`, as WhatsApp Manager shows them',
    },
    {
      when: 'the template is paused for low quality',
      answer: refused(400, 132015),
      class: 'permanent',
      code: 'whatsapp.132015',
      misconfigured: true,
      mend: 'edit the template and have it approved again',
    },
    {
      when: 'the number of variables does not fit the template',
      answer: refused(400, 132000),
      class: 'permanent',
      code: 'whatsapp.132000',
      misconfigured: true,
      mend: 'give as many `params` as the template has variables',
    },
    {
      when: 'the text is too long for the template',
      answer: refused(400, 132005),
      class: 'permanent',
      code: 'whatsapp.132005',
      mend: 'shorten the variables, as with the filter `truncate`',
    },
    {
      when: 'the recipient has no WhatsApp',
      answer: refused(400, 131026),
      class: 'permanent',
      code: 'whatsapp.131026',
      mend: 'correct the number in `to`',
    },
    {
      when: 'the recipient is not in the list of a test number',
      answer: refused(400, 131030),
      class: 'permanent',
      code: 'whatsapp.131030',
      mend: 'add the number to the list in API Setup',
    },
    {
      when: 'the number sent too many messages',
      answer: refused(429, 130429),
      class: 'transient',
      code: 'whatsapp.130429',
      retryAfter: 60_000,
      mend: 'nothing: Belfry waits',
    },
    {
      when: 'one person got too many messages',
      answer: refused(429, 131056),
      class: 'transient',
      code: 'whatsapp.131056',
      retryAfter: 6000,
      mend: 'nothing: Belfry waits; group events with `digest`',
    },
    {
      when: 'WhatsApp is not available',
      answer: refused(503, 2),
      class: 'transient',
      code: 'whatsapp.2',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      for (const text of textsOf(received).slice(0, 2)) {
        expect(CODE_POINTS.length(text)).toBeLessThanOrEqual(1024);
        expect(text).toMatch(/… \(\+\d+ characters\)$/);
      }
    },
    hostile(received) {
      expect(textsOf(received)).toHaveLength(3);
      for (const text of textsOf(received)) expect(text).not.toMatch(/\p{Cc}|\u202E| {2}/u);
    },
    sameId: { notApplicable: 'WhatsApp does not know a repeated message' },
  },
};
