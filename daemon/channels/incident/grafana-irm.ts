import { alertKey } from '../kit/alert-key.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { COMMONMARK, fitText, layoutOf, without } from '../kit/text/layout.ts';
import { plainFields, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, cutText, UTF16 } from '../kit/text/text.ts';

const MAX_TITLE = 250;
/** Characters of the text; no limit is documented. */
const MAX_MESSAGE = 16_000;
const MAX_UID = 255;

/** Grafana Cloud IRM and Grafana OnCall, a formatted webhook. https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm/configure/integrations/references/webhook/ */
export const grafanaIrm = defineHttpChannel({
  type: 'grafana_irm',
  summary: 'Alert groups of Grafana IRM (OnCall), which are resolved by themselves',
  documentation:
    'https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm/configure/integrations/references/webhook/',
  setup: [
    'Open Alerts & IRM, IRM, Integrations in Grafana and add "Formatted webhook".',
    'Copy the HTTP endpoint, with the slash at its end.',
  ],
  example: { url: '${env:GRAFANA_IRM_URL}', delivery: { order: 'key' } },
  settings: { url: key('The HTTP endpoint of a formatted webhook.', '${env:GRAFANA_IRM_URL}') },
  // 300 alerts in 5 minutes for an integration; further ones are refused and not kept.
  // https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm/reference/rate-limits/
  limits: { rate: '300/5m' },
  supports: { kept: 'markdown priority tags link image fields replace_key', text: 'html actions' },
  markup: COMMONMARK,
  // A repeated alert with the same `alert_uid` belongs to the same alert group.
  idempotent: true,
  request(message, { url, io: { delivery } }) {
    const { link, image, rest } = separateParts(message, { link: true, image: true });
    const layout = layoutOf(without(rest, 'fields'), COMMONMARK, { untitled: true, unit: UTF16 });
    return {
      url,
      json: {
        alert_uid: alertKey(message, delivery, MAX_UID),
        title: cutText(plainTitle(message), MAX_TITLE, UTF16),
        message: fitText(layout, MAX_MESSAGE),
        state: delivery.status === 'resolved' ? 'ok' : 'alerting',
        ...(link !== undefined && { link_to_upstream_details: link }),
        ...(image !== undefined && { image_url: image }),
        // Further fields are kept with the alert, for routes and templates.
        priority: message.priority,
        tags: message.tags.map(cleanLine),
        fields: plainFields(message),
        rule: cleanLine(delivery.rule),
      },
    };
  },
  answers: {
    // The answer is a short text such as `Ok.`; a page in HTML comes from another server.
    read: ({ status, text }) => (status < 300 && !/^\s*</.test(text) ? { ok: true } : undefined),
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
