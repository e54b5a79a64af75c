import { Type } from '../../core/schema/type.ts';
import { alertKey } from '../kit/alert-key.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { permanent } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutText, UTF16 } from '../kit/text/text.ts';

/** Kinds of messages: `CRITICAL` opens an incident, `WARNING` may, and `INFO` is an entry of the timeline only. */
const TYPES = { min: 'INFO', low: 'WARNING', normal: 'CRITICAL', high: 'CRITICAL', urgent: 'CRITICAL' } as const;
/** Characters that other senders keep to, since no limit is documented. */
const MAX_STATE_MESSAGE = 20_480;
const MAX_TITLE = 250;
const MAX_ENTITY_ID = 512;
const MAX_LINKS = 10;

/** Splunk On-Call, the REST endpoint. https://help.splunk.com/splunk-observability-cloud/splunk-on-call/integrations-with-splunk-on-call/rest-endpoint-integration-for-splunk-on-call */
export const splunkOncall = defineHttpChannel({
  type: 'splunk_oncall',
  summary: 'Incidents of Splunk On-Call (VictorOps), which are resolved by themselves',
  documentation:
    'https://help.splunk.com/splunk-observability-cloud/splunk-on-call/integrations-with-splunk-on-call/rest-endpoint-integration-for-splunk-on-call',
  setup: [
    'Open Integrations, 3rd Party Integrations, "REST - Generic" in Splunk On-Call and turn it on.',
    'The key is the part of the URL before `$routing_key`.',
    'Choose a routing key under Settings, Routing Keys.',
  ],
  example: { key: '${env:SPLUNK_ONCALL_KEY}', routing_key: 'database', delivery: { order: 'key' } },
  receipt: '`entity_id` of the incident',
  api: 'https://alert.victorops.com',
  settings: {
    key: key('The key in the URL of the REST endpoint.', '${env:SPLUNK_ONCALL_KEY}'),
    routing_key: Type.String({
      description: 'The routing key, which decides who is paged.',
      examples: ['database'],
      pattern: String.raw`^[\w.-]{1,100}$`,
    }),
  },
  keys: { key: 'https://alert.victorops.com/integrations/generic/20131114/alert/' },
  limits: { text: '20,480 characters' },
  supports: { kept: 'priority link image actions replace_key', text: 'markdown html fields' },
  markup: PLAIN,
  // A repeated message with the same `entity_id` belongs to the same incident.
  idempotent: true,
  request(message, { settings: { key, routing_key }, api, io: { delivery } }) {
    const { link, image, buttons, rest } = separateParts(message, { link: true, image: true, actions: MAX_LINKS });
    const seconds = Math.floor(delivery.createdAt / 1000);
    return {
      url: `${api}/integrations/generic/20131114/alert/${encodeURIComponent(key.reveal())}/${routing_key}`,
      json: {
        message_type: delivery.status === 'resolved' ? 'RECOVERY' : TYPES[message.priority],
        entity_id: alertKey(message, delivery, MAX_ENTITY_ID),
        entity_display_name: cutText(plainTitle(message), MAX_TITLE, UTF16),
        state_message: fitText(layoutOf(rest, PLAIN, { untitled: true, unit: UTF16 }), MAX_STATE_MESSAGE),
        state_start_time: seconds,
        monitoring_tool: 'Belfry',
        // Annotations: `u` is a link, `i` is a picture. https://help.splunk.com/splunk-observability-cloud/splunk-on-call/alert-rules-engine
        ...(link !== undefined && { 'vo_annotate.u.Open': link }),
        ...Object.fromEntries(buttons.map(({ label, address }) => [`vo_annotate.u.${label}`, address])),
        ...(image !== undefined && { 'vo_annotate.i.Image': image }),
      },
    };
  },
  answers: {
    read({ json: { result, entity_id, message } }) {
      if (result === 'success') return { ok: true, ...(typeof entity_id === 'string' && { id: entity_id }) };
      if (result !== 'failure') return undefined;
      return { ok: false, code: 'failure', ...(typeof message === 'string' && { message }) };
    },
    codes: { failure: permanent('the message is refused') },
    statuses: {
      401: { message: 'the key is refused' },
      403: { message: 'the key is refused' },
      404: { misconfigured: true, message: 'there is no REST endpoint with this key' },
    },
  },
});
