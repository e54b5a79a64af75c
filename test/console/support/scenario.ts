import { writeFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';
import type { ScenarioIds } from './addresses.ts';

/** Text of an attacker: it must be shown as text wherever an event is shown. */
export const HOSTILE = '<img src=x onerror="document.title=1">&lt;b&gt; {{ 7 | times: 7 }} \u202eback';

export const rulesOf = (origin: string): string => `
sources:
  nightly-backup: { type: heartbeat, every: 1d, grace: 2h }
  hosts: { type: heartbeat, every: 1m, match: { type: host.alive }, key: "{{ data.host }}" }
  deploys: { type: webhook, path: /hooks/deploys, methods: [POST] }
  morning: { type: schedule, cron: "0 9 * * 1-5", timezone: Europe/Berlin }
channels:
  ops: { type: webhook, url: "${origin}/ops", headers: { X-Key: a-literal-key } }
  phone: { type: webhook, url: "${origin}/phone", delivery: { retry: [1h] } }
  wrong-token: { type: webhook, url: "${origin}/wrong-token" }
  archive: { type: webhook, url: "${origin}/archive", delivery: { retry: [] } }
  journal: { type: log }
silences:
  - name: leap-day
    match: { rule: backup-missed }
    recurring: { cron: "0 0 29 2 *", for: 8h, timezone: Europe/Berlin }
    reason: the backup of that day is made by hand
rules:
  # Disks that fill up: one alert for each host.
  - name: disk-full
    on: api
    match: { type: disk.usage, data.percent: { gte: 90 } }
    key: "{{ data.host }}"
    resolve: { match: { type: disk.usage }, if: data.percent < 80.0 }
    notify_resolved: true
    repeat: 4h
    message: { title: "Disk of {{ key }} is at {{ data.percent }} %", priority: high }
    notify: [ops, phone]
  - name: failed-login
    on: api
    match: { type: login.failed }
    key: "{{ data.user }}"
    throttle: { max: 1, per: 1h }
    message: { title: "Failed login of {{ data.user }}", body: "from {{ data.address }}" }
    notify: ops
  - name: failed-deploy
    on: api
    match: { type: deploy.finished, data.conclusion: failure, data.branch: main }
    message: { title: "Deploy failed: {{ data.repository }}" }
    notify: [archive, wrong-token]
  - name: backup-missed
    on: nightly-backup
    match: { type: heartbeat.missed }
    message: { title: "The backup did not run" }
    notify: phone
`;

/** Tests of the rules, of which one fails. */
const RULE_TESTS = `tests:
  - name: a failed login is sent
    steps: [{ event: { type: login.failed, data: { user: ann } }, expect: [{ rule: failed-login, channel: ops }] }]
  - name: a full disk is sent to nobody
    steps: [{ event: { type: disk.usage, data: { host: db, percent: 95 } }, expect: [], outcomes: { disk-full: notified } }]
`;

export interface Scenario {
  readonly home: Home;
  readonly receiver: Receiver;
  readonly ids: ScenarioIds;
}

type Posted = { readonly events: readonly { readonly id: string }[] };

/** Daemon with a small history: firing alerts, throttled events, a refused credential, dead letters, a retry, a silence, hostile text. */
export async function openScenario(): Promise<Scenario> {
  const receiver = await openReceiver();
  onTestFinished(() => receiver.close());
  const { statuses } = receiver;
  statuses.set('wrong-token', 401);
  statuses.set('archive', 404);
  statuses.set('phone', 503);
  const home = await Home.make();
  onTestFinished(() => home.close());
  const rules = rulesOf(receiver.origin);
  await home.rules(rules.replace('per: 1h', 'per: 30m'));
  await writeFile(home.path('rules', 'rules.test.yaml'), RULE_TESTS);
  await home.start();
  await home.rules(rules);
  await home.logged(({ msg }) => msg === 'reload: applied');
  const post = async (type: string, data: unknown, subject?: string): Promise<string> => {
    const event = { type, data, ...(subject !== undefined && { subject }) };
    const { body } = await home.call<Posted>('POST', '/v1/events?wait=500ms', event);
    return body.events[0]!.id;
  };
  await post('deploy.finished', { conclusion: 'success', branch: 'main', repository: 'acme/api' }, 'acme/api');
  const failed = await post(
    'deploy.finished',
    { conclusion: 'failure', branch: 'main', repository: 'acme/api' },
    'acme/api',
  );
  const unmatched = await post(
    'deploy.finished',
    { conclusion: 'failure', branch: 'topic', repository: 'acme/web' },
    'acme/web',
  );
  await home.call('POST', '/v1/silences', {
    match: { 'data.host': 'db-9' },
    for: '2h',
    reason: 'disk is being replaced',
    by: 'ann',
  });
  for (const [host, percent] of [
    ['db-1', 91],
    ['db-2', 97],
    ['db-9', 99],
    ['web-3', 93],
  ] as const)
    await post('disk.usage', { host, percent }, host);
  for (let count = 0; count < 6; count += 1)
    await post('login.failed', { user: 'root', address: `203.0.113.${count}` }, 'root');
  await post('login.failed', { user: HOSTILE, address: HOSTILE }, HOSTILE);
  await home.call('POST', '/v1/alerts/db-2/ack', { by: 'ann', note: 'cleaning up' });
  await home.call('GET', '/beats/hosts?key=web-1');
  type List = { readonly deliveries: readonly { readonly id: string; readonly channel: string }[] };
  const { deliveries } = (await home.call<List>('GET', '/v1/deliveries')).body;
  type Events = { readonly events: readonly { readonly id: string }[] };
  const first = async (outcome: string): Promise<string> =>
    (await home.call<Events>('GET', `/v1/events?outcome=${outcome}`)).body.events[0]!.id;
  const of = (channel: string): string => deliveries.find((one) => one.channel === channel)!.id;
  const [throttled, silenced] = [await first('throttled'), await first('silenced')];
  const ids = { event: failed, delivery: of('phone'), dead: of('archive'), throttled, silenced, unmatched };
  return { home, receiver, ids };
}
