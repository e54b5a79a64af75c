import { isObject } from '../../../core/values/json.ts';
import type { Draft } from '../draft.ts';
import type { ImportFormat, ImportInput } from '../format.ts';
import { importIntervals } from './intervals.ts';
import { importReceivers } from './receivers.ts';
import { importRoutes } from './routes.ts';

const MESSAGE = {
  title: "{{ data.labels.alertname }}{% if status == 'resolved' %} is resolved{% endif %}",
  body: '{{ data.annotations.summary | default: data.annotations.description | default: "no summary" }}',
  link: '{{ data.generatorURL }}',
};

/** Configuration of Prometheus Alertmanager. https://prometheus.io/docs/alerting/latest/configuration/ */
export const alertmanager: ImportFormat = {
  name: 'alertmanager',
  about: 'the configuration of Alertmanager',
  matches: ({ config }) =>
    isObject(config?.value) && isObject(config.value.route) && Array.isArray(config.value.receivers),
  translate,
};

function translate({ config }: ImportInput, draft: Draft): void {
  if (config === undefined || !isObject(config.value)) return;
  const { value } = config;
  const global = isObject(value.global) ? value.global : {};
  const source = draft.add(
    'sources',
    'alertmanager',
    {
      type: 'webhook',
      path: '/hooks/alertmanager',
      verify: { bearer: draft.newSecret('ALERTMANAGER_TOKEN') },
      event: { each: 'body.alerts', type: 'alert.{{ data.status }}', subject: '{{ data.labels.alertname }}' },
    },
    'Alertmanager sends all alerts here, by one receiver with a `webhook_config` to /hooks/alertmanager,\n`send_resolved: true` and the token as `http_config.authorization`, and one route to it with `group_by: [...]`.',
    config.placeOf(['route']),
  );
  const context = { config, draft };
  const channels = importReceivers(value.receivers, global, context);
  const intervals = importIntervals(value, context);
  importRoutes(value.route, { ...context, source, channels, intervals });
  const rules = Array.isArray(value.inhibit_rules) ? value.inhibit_rules : [];
  for (const index of rules.keys())
    draft.skip(
      config.placeOf(['inhibit_rules', index]),
      'a rule of Belfry is inhibited by a rule, not by alerts',
      'add `inhibited_by: {rule: NAME, equal: [data.labels.LABEL]}` to the rule of the target',
    );
  draft.useMessage(MESSAGE);
}
