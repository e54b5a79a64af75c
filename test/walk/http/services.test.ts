import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, afterAll, expect, test } from 'vitest';
import type { DeliveryView } from '../../../daemon/http/daemon-api.ts';
import { Home } from '../../support/daemon.ts';

const examples = path.resolve(import.meta.dirname, '../../../examples');
const SECRET = 'a-secret-of-the-sender';
const bearer = { authorization: `Bearer ${SECRET}` };
const hmacOf = (body: string): string => createHmac('sha256', SECRET).update(body).digest('hex');

interface Service {
  /** Documented request of the service, below `examples/`. */
  readonly request: string;
  readonly hook: string;
  readonly headers: (body: string) => Readonly<Record<string, string>>;
  /** Titles that are sent within a second of the request, by rule. */
  readonly sent: Readonly<Record<string, readonly string[]>>;
}

const stripeSignature = (body: string): string => {
  const now = Math.floor(Date.now() / 1000);
  return `t=${now},v1=${hmacOf(`${now}.${body}`)}`;
};

const SERVICES: Readonly<Record<string, Service>> = {
  GitHub: {
    request: 'github-deploys-wecom/failed-run.json',
    hook: 'github',
    headers: (body) => ({
      'x-hub-signature-256': `sha256=${hmacOf(body)}`,
      'x-github-event': 'workflow_run',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    }),
    sent: { 'workflow-failed': [expect.stringMatching(/ failed$/) as string] },
  },
  GitLab: {
    request: 'gitlab/pipeline.json',
    hook: 'gitlab',
    headers: () => ({ 'x-gitlab-token': SECRET, 'x-gitlab-event': 'Pipeline Hook' }),
    sent: { 'pipeline-failed': ['acme/api: pipeline of main failed'] },
  },
  Gitea: {
    request: 'gitea/push.json',
    hook: 'gitea',
    headers: (body) => ({
      'x-gitea-signature': hmacOf(body),
      'x-gitea-event': 'push',
      'x-gitea-delivery': 'f6266f16-1bf3-46a5-9ea4-602e06ead473',
    }),
    sent: { 'gitea-pushed': ['acme/api: 1 commit by alice'] },
  },
  Alertmanager: {
    request: 'alertmanager-sender/firing.json',
    hook: 'alertmanager',
    headers: () => bearer,
    sent: { critical: ['HostDown db1:9100', 'HostDown db1:9100', 'HostDown db2:9100', 'HostDown db2:9100'] },
  },
  Grafana: {
    request: 'alertmanager-sender/grafana.json',
    hook: 'grafana',
    headers: () => bearer,
    sent: { warning: ['High memory usage web1', 'High memory usage web2'] },
  },
  'Uptime Kuma': {
    request: 'uptime-kuma/down.json',
    hook: 'uptime-kuma',
    headers: () => bearer,
    sent: { 'monitor-down': ['Shop is down'] },
  },
  Sentry: {
    request: 'sentry/event-alert.json',
    hook: 'sentry',
    headers: (body) => ({
      'sentry-hook-signature': hmacOf(body),
      'sentry-hook-resource': 'event_alert',
      'request-id': '8b1e5c1d0f5a4f4d9a0b7f1d8c2e3a4b',
    }),
    sent: { 'sentry-alert': ['ReferenceError: blooopy is not defined'] },
  },
  Stripe: {
    request: 'stripe/invoice-failed.json',
    hook: 'stripe',
    headers: (body) => ({ 'stripe-signature': stripeSignature(body) }),
    sent: { 'payment-failed': ['jane@example.com: payment of 19.99 EUR failed'] },
  },
  Healthchecks: {
    request: 'healthchecks/down.json',
    hook: 'healthchecks',
    headers: () => bearer,
    sent: { 'check-down': ['Nightly backup did not run'] },
  },
  'Home Assistant': {
    request: 'home-assistant/open-door.json',
    hook: 'home-assistant',
    headers: () => bearer,
    sent: {},
  },
  'Argo CD': {
    request: 'argo-cd/degraded.json',
    hook: 'argo-cd',
    headers: () => bearer,
    sent: { 'app-degraded': ['shop is degraded'] },
  },
  'Docker registry': {
    request: 'docker-registry/push.json',
    hook: 'registry',
    headers: () => ({ ...bearer, 'content-type': 'application/vnd.docker.distribution.events.v1+json' }),
    sent: {},
  },
};

/** Rules that wait for more events before they send. */
const WAITING: Readonly<Record<string, readonly string[]>> = {
  'Home Assistant': ['door-open: waiting'],
  'Docker registry': ['image-pushed: collected'],
};

let home: Home;

beforeAll(async () => {
  home = await Home.make();
  const channels = ['console', 'mail', 'pager', 'wecom'].map((name) => `  ${name}: { type: log }\n`).join('');
  await home.rules(`channels:\n${channels}`);
  const stories = new Set(Object.values(SERVICES).map(({ request }) => path.dirname(request)));
  for (const story of stories) {
    const text = readFileSync(path.join(examples, story, 'rules.yaml'), 'utf8');
    for (const [, name] of text.matchAll(/\$\{env:(\w+)\}/g)) home.env[name!] = SECRET;
    await home.rules(text, `${story}.yaml`);
  }
  await home.start();
});
afterAll(() => home.close());

test.each(Object.entries(SERVICES))(
  'the documented request of %s is verified and understood',
  async (name, { request, hook, headers, sent }) => {
    const body = readFileSync(path.join(examples, request), 'utf8');
    const url = `http://${home.address}/hooks/${hook}`;
    const post = (more: Readonly<Record<string, string>>, text = body): Promise<Response> =>
      fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...more }, body: text });
    expect((await post({})).status).toBe(401);
    const answer = await post(headers(body));
    expect(answer.status).toBe(202);
    const accepted = (await answer.json()) as { id?: string; events?: { id: string }[] };
    const ids = accepted.events?.map(({ id }) => id) ?? [accepted.id!];
    const events: Readonly<Record<string, string>>[] = [];
    const titles: Record<string, string[]> = {};
    for (const id of ids.map(encodeURIComponent)) {
      const { body: event } = await home.call<{ outcomes: Record<string, string> }>('GET', `/v1/events/${id}`);
      events.push(event.outcomes);
      const { body: found } = await home.call<{ deliveries: readonly DeliveryView[] }>(
        'GET',
        `/v1/deliveries?event=${id}&message=true`,
      );
      for (const { rule, message } of found.deliveries) (titles[rule] ??= []).push(message!.title);
    }
    expect(titles).toEqual(sent);
    const outcomes = events.flatMap((each) => Object.entries(each).map((pair) => pair.join(': ')));
    expect(outcomes).toEqual(expect.arrayContaining([...(WAITING[name] ?? [])]));
    expect(outcomes.filter((outcome) => outcome.endsWith(': error'))).toEqual([]);
  },
);
