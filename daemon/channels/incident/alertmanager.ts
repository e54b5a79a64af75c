import type { Priority } from '../../core/message/message.ts';
import { permanent } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { checkLogin, loginHeader, loginSettings } from '../kit/http/login.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { fitText, layoutOf, PLAIN, without } from '../kit/text/layout.ts';
import { plainFields, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, cutToBytes } from '../kit/text/text.ts';

/** Usual values of the label `severity`. */
const SEVERITIES: Readonly<Record<Priority, string>> = {
  min: 'info',
  low: 'info',
  normal: 'warning',
  high: 'critical',
  urgent: 'critical',
};
/** Milliseconds after which an alert ends that is neither resolved nor repeated, and has no `ttl`. */
const DEFAULT_END_MS = 24 * 60 * 60 * 1000;
/** Limits in bytes; none is documented. */
const MAX_LABEL_BYTES = 1000;
const MAX_DESCRIPTION_BYTES = 16_000;

/** Name of an annotation for a field. https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const annotationName = (name: string): string =>
  name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$|summary$|description$)/, 'field_');

/**
 * Alertmanager. https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml https://prometheus.io/docs/alerting/latest/alerts_api/
 * The labels are the identity of an alert, so they contain nothing that changes while it fires.
 */
export const alertmanager = defineHttpChannel({
  type: 'alertmanager',
  summary: 'Alerts of a Prometheus Alertmanager, which are resolved by themselves',
  documentation: 'https://prometheus.io/docs/alerting/latest/alerts_api/',
  setup: [
    'Give the address of Alertmanager, with its route prefix, as `api`.',
    'Make a channel for each member of a cluster, and notify all of them.',
    'Route on the labels `alertname` (the rule), `key`, `severity` (info, warning, critical) and `source="belfry"`.',
  ],
  example: { api: 'http://alertmanager.internal:9093', delivery: { order: 'key' } },
  settings: loginSettings('ALERTMANAGER'),
  keys: { token: '' },
  limits: {},
  supports: { kept: 'priority link fields replace_key', text: 'markdown html image actions' },
  markup: PLAIN,
  // A repeated alert with the same labels is the same alert.
  idempotent: true,
  check: checkLogin,
  request(message, { settings, api, io: { delivery } }) {
    const { link, rest } = separateParts(message, { link: true });
    const key = message.replace_key ?? delivery.key;
    const labels = {
      alertname: cutToBytes(cleanLine(delivery.rule), MAX_LABEL_BYTES),
      key: cutToBytes(cleanLine(key), MAX_LABEL_BYTES),
      source: 'belfry',
    };
    const fields = Object.entries(plainFields(message)).map(([name, value]) => [annotationName(name), value]);
    const annotations = {
      ...Object.fromEntries(fields),
      summary: cutToBytes(plainTitle(message), MAX_LABEL_BYTES),
      description: fitText(layoutOf(without(rest, 'fields'), PLAIN, { untitled: true }), MAX_DESCRIPTION_BYTES),
    };
    const time = (milliseconds: number): string => new Date(milliseconds).toISOString();
    const isResolved = delivery.status === 'resolved';
    // The severity at the start of an alert is not known at its end: alerts of all severities end, and the ones that never fired notify nobody.
    const severities = isResolved ? new Set(Object.values(SEVERITIES)) : [SEVERITIES[message.priority]];
    const alerts = Array.from(severities, (severity) => ({
      labels: { ...labels, severity },
      annotations,
      ...(link !== undefined && { generatorURL: link }),
      ...(!isResolved && { startsAt: time(delivery.createdAt) }),
      endsAt: time(isResolved ? delivery.createdAt : (delivery.expiresAt ?? delivery.createdAt + DEFAULT_END_MS)),
    }));
    return { url: `${api}/api/v2/alerts`, headers: loginHeader(settings), json: alerts };
  },
  answers: {
    // Success is an empty body. An error is a text in JSON, or an object where the request does not fit the schema.
    read({ status, text, json: { code, message } }) {
      if (status === 200 && text.trim() === '') return { ok: true };
      if (status === 400) return { ok: false, code: 400, message: text };
      return typeof code === 'number' ? { ok: false, code, message: String(message) } : undefined;
    },
    codes: { 400: permanent('the alert is not valid') },
    statuses: {
      404: { misconfigured: true, message: 'there is no Alertmanager at this address' },
      405: { misconfigured: true, message: 'there is no Alertmanager at this address' },
    },
  },
});
