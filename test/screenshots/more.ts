import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { openScenario, type Scenario } from '../console/support/scenario.ts';

/** Second file of rules, which makes a generation of its own: more alerts, a digest, late beats, a chat. */
const rulesOf = (chat: string): string => `
sources:
  orders-export: { type: heartbeat, every: 2s, grace: 30m }
  mirror: { type: heartbeat, every: 1s, grace: 1s }
channels:
  chat: { type: slack, url: "${chat}/hook" }
rules:
  - name: service-down
    on: api
    match: { type: probe.failed }
    key: "{{ data.service }}"
    resolve: { match: { type: probe.passed } }
    repeat: 30m
    message:
      title: "{{ key }} does not answer"
      body: "{{ data.error }} at **{{ data.region }}**"
      format: markdown
      priority: urgent
      link: "https://status.example.com/{{ key }}"
    notify: [chat, ops]
  - name: certificates
    on: api
    match: { type: certificate.expires }
    digest: { wait: 10m, every: 1h }
    message: { title: "{{ count }} certificates expire soon" }
    notify: chat
  - name: mirror-late
    on: mirror
    match: { type: heartbeat.missed }
    notify: ops
`;

export interface PictureScenario extends Scenario {
  /** Id of an event that notified a chat. */
  readonly service: string;
}

/** Scenario of the tests with more in it, so that no page of a picture is nearly empty. */
export async function openPictureScenario(): Promise<PictureScenario> {
  const scenario = await openScenario();
  const { home } = scenario;
  await writeFile(home.path('rules', 'services.yaml'), rulesOf(await openChat()));
  await home.call('POST', '/v1/reload', {});
  for (const source of ['orders-export', 'mirror', 'nightly-backup', 'hosts?key=web-2', 'hosts?key=web-3'])
    await home.call('GET', `/beats/${source}`);
  const post = async (type: string, data: unknown, subject: string): Promise<string> => {
    type Posted = { readonly events: readonly { readonly id: string }[] };
    const { body } = await home.call<Posted>('POST', '/v1/events?wait=500ms', { type, data, subject });
    return body.events[0]!.id;
  };
  const down = (service: string): Promise<string> =>
    post('probe.failed', { service, region: 'eu-central', error: 'connection refused' }, service);
  const service = await down('checkout');
  await down('search');
  await down('mail-relay');
  await home.call('POST', '/v1/alerts/search/ack', { by: 'li.wei', note: 'restarting' });
  for (const host of ['example.com', 'example.org', 'shop.example.com'])
    await post('certificate.expires', { host, days: 12 }, host);
  await post('deploy.finished', { conclusion: 'success', branch: 'main', repository: 'acme/web' }, 'acme/web');
  await post('disk.usage', { host: 'web-7', percent: 92 }, 'web-7');
  await post('disk.usage', { host: 'db-4', percent: 74 }, 'db-4');
  for (const user of ['admin', 'ann', 'admin', 'guest'])
    await post('login.failed', { user, address: '198.51.100.7' }, user);
  return { ...scenario, service };
}

/** Opens a server that accepts every message as the incoming webhooks of Slack do. Returns its origin. */
async function openChat(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.end('ok');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
