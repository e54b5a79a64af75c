import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const page = readFileSync(path.join(root, 'docs/sources/webhook.md'), 'utf8');
const example = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
  .map((match) => match[1]!)
  .find((text) => text.includes('each:'))!;

let home: Home;
let far: Receiver;

beforeEach(async () => {
  home = await Home.make();
  far = await openReceiver();
});

afterEach(async () => {
  await home.close();
  await far.close();
});

const alert = (name: string, status: string) => ({
  status,
  labels: { alertname: 'HostDown', instance: name, severity: 'critical' },
  annotations: { summary: `${name} does not answer` },
  startsAt: '2026-11-23T09:00:00.000Z',
  generatorURL: 'http://prometheus.example.com/graph',
  fingerprint: name,
});

it('the example of the docs notifies about each alert of a group once, and when it is resolved', async () => {
  home.env.ALERTMANAGER_TOKEN = 'token-of-alertmanager';
  await home.rules(example.replace('type: log', `type: webhook\n    url: "${far.origin}/journal"`));
  await home.start();
  const post = (alerts: readonly object[]) =>
    home.call<{ events: { id: string; duplicate: boolean }[] }>(
      'POST',
      '/hooks/alertmanager',
      { version: '4', status: 'firing', externalURL: 'http://alertmanager.example.com', alerts },
      { authorization: 'Bearer token-of-alertmanager' },
    );
  const first = await post([alert('db1', 'firing'), alert('db2', 'firing'), alert('web1', 'firing')]);
  expect([first.status, first.body.events.map(({ duplicate }) => duplicate)]).toEqual([202, [false, false, false]]);
  await far.until(({ status }) => status === 'firing', 3);
  const again = await post([alert('db2', 'firing'), alert('db1', 'resolved')]);
  expect(again.status).toBe(202);
  await far.until(({ status }) => status === 'resolved');
  expect(
    far
      .deliveries()
      .map(({ title, status }) => `${title}: ${status}`)
      .toSorted(),
  ).toEqual([
    'HostDown db1: firing',
    'HostDown db2: firing',
    'HostDown web1: firing',
    'Resolved: HostDown db1: resolved',
  ]);
  const id = first.body.events[2]!.id;
  expect(id).toMatch(/\/2$/);
  const { body } = await home.call<{ event: unknown }>('GET', `/v1/events/${encodeURIComponent(id)}`);
  expect(body.event).toMatchObject({
    type: 'alert.firing',
    subject: 'HostDown',
    data: { fingerprint: 'web1' },
    parent: { version: '4', status: 'firing', externalURL: 'http://alertmanager.example.com' },
  });
  const refused = await post('none' as never);
  expect(refused).toMatchObject({ status: 400, body: { detail: '`body.alerts` is not a list' } });
  const { code } = await home.belfry(['explain', id]);
  expect(code).toBe(0);
  expect((await home.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
});
