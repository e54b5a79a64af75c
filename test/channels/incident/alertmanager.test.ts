import { describe, expect, onTestFinished, test } from 'vitest';
import { alertmanager } from '../../../daemon/channels/incident/alertmanager.ts';
import { hasAlertmanager, openAlertmanager } from '../../support/alertmanager.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { openTestServer } from '../../support/test-server.ts';
import { type Alert, OK, TOKEN } from './alertmanager.contract.ts';

const channel = useHttpChannel(alertmanager, { settings: (api) => ({ api, token: TOKEN }), success: OK });
const firing = sampleDelivery({ rule: 'disk', key: 'web-1' });
const ended = sampleDelivery({ rule: 'disk', key: 'web-1', status: 'resolved', createdAt: firing.createdAt + 60_000 });

test('a message is an alert that fires for a day, with its parts as annotations', async () => {
  const { method, path, headers, json } = await channel.sent(
    {
      title: 'Disk nearly full',
      body: '91 % used',
      priority: 'high',
      link: 'https://example.com/a',
      fields: { host: 'web-1', '9 to 5': 'yes', summary: 'another' },
    },
    { api: `${channel.sink().origin}/alertmanager/` },
    { delivery: firing },
  );
  expect([method, path, headers.authorization]).toEqual(['POST', '/alertmanager/api/v2/alerts', `Bearer ${TOKEN}`]);
  expect(json).toEqual([
    {
      labels: { alertname: 'disk', key: 'web-1', severity: 'critical', source: 'belfry' },
      annotations: {
        host: 'web-1',
        field_9_to_5: 'yes',
        field_summary: 'another',
        summary: 'Disk nearly full',
        description: '91 % used',
      },
      generatorURL: 'https://example.com/a',
      startsAt: '2026-11-23T09:00:00.000Z',
      endsAt: '2026-11-24T09:00:00.000Z',
    },
  ]);
});

test('an alert ends with the `ttl` of the message', async () => {
  const delivery = sampleDelivery({ expiresAt: firing.createdAt + 3_600_000 });
  expect((await channel.sent({}, {}, { delivery })).json).toMatchObject([{ endsAt: '2026-11-23T10:00:00.000Z' }]);
});

test('a user and a password are sent as Basic credentials', async () => {
  const { headers } = await channel.sent({}, { token: undefined, user: 'belfry', password: 'pässword' });
  expect(headers.authorization).toBe(`Basic ${Buffer.from('belfry:pässword').toString('base64')}`);
});

test.each([
  ['min', 'info'],
  ['low', 'info'],
  ['normal', 'warning'],
  ['high', 'critical'],
  ['urgent', 'critical'],
] as const)('priority %s is the severity %s', async (priority, severity) => {
  expect((await channel.sent({ priority })).json).toMatchObject([{ labels: { severity } }]);
});

test('a login that is incomplete is found at load', () => {
  const api = 'http://alertmanager.internal:9093';
  const problems = (settings: object) => readSettings(alertmanager, { api, ...settings }).problems;
  expect(problems({})).toEqual([]);
  expect(problems({ user: 'belfry' })).toHaveLength(1);
  expect(problems({ token: TOKEN, user: 'belfry', password: 'p' })).toHaveLength(1);
});

describe.skipIf(!hasAlertmanager)('a real Alertmanager (needs prometheus-alertmanager)', () => {
  test('notifies when an alert fires and when it is resolved, also if the priority has changed', async () => {
    const receiver = await openTestServer();
    onTestFinished(() => receiver.close());
    const real = await openAlertmanager(
      `route: { receiver: hook, group_by: [alertname, key], group_wait: 0s, group_interval: 1s }
receivers: [{ name: hook, webhook_configs: [{ url: '${receiver.origin}' }] }]
`,
    );
    onTestFinished(() => real.stop());
    const notifier = channel.open({ api: real.origin });
    const now = Date.now();
    const at = (delivery: typeof firing) => sampleIo({ delivery: { ...delivery, createdAt: now } });
    const statusOf = (index: number): unknown => receiver.requests[index]!.json;

    const receipt = await notifier.send(sampleMessage({ title: 'Disk nearly full', priority: 'urgent' }), at(firing));
    expect(receipt).toMatchObject({ status: 200 });
    await receiver.arrived(1);
    expect(statusOf(0)).toMatchObject({
      status: 'firing',
      alerts: [{ labels: { alertname: 'disk', severity: 'critical' }, annotations: { summary: 'Disk nearly full' } }],
    });

    await notifier.send(sampleMessage({ title: 'Disk is fine', priority: 'low' }), at(ended));
    await receiver.arrived(2);
    const { status, alerts } = statusOf(1) as { status: string; alerts: (Alert & { status: string })[] };
    expect(status).toBe('resolved');
    expect(alerts.filter(({ labels }) => labels.severity === 'critical')).toMatchObject([{ status: 'resolved' }]);
    const left = await fetch(`${real.origin}/api/v2/alerts?active=true`);
    expect(await left.json()).toEqual([]);
  });

  test('refuses an alert that is not valid, in words that the failure shows', async () => {
    const real = await openAlertmanager('route: { receiver: none }\nreceivers: [{ name: none }]\n');
    onTestFinished(() => real.stop());
    const sending = channel
      .open({ api: real.origin })
      .send(sampleMessage(), sampleIo({ delivery: sampleDelivery({ expiresAt: firing.createdAt - 1000 }) }));
    await expect(sending).rejects.toMatchObject({
      class: 'permanent',
      code: 'alertmanager.400',
      message: expect.stringContaining('start time must be before end time'),
    });
  });
});
