import { expect, test } from 'vitest';
import { pagerduty } from '../../../daemon/channels/incident/pagerduty.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { KEY, OK } from './pagerduty.contract.ts';

const channel = useHttpChannel(pagerduty, { settings: (api) => ({ routing_key: KEY, api }), success: OK });

test('a message triggers an alert with all its parts, and the receipt has its key', async () => {
  const { method, path, json } = await channel.sent({
    title: 'Disk nearly full',
    body: '91 % *used*',
    priority: 'urgent',
    tags: ['disk'],
    link: 'https://example.com/a',
    actions: [{ label: 'Runbook', url: 'https://example.com/r' }],
    image: 'https://example.com/p.png',
    fields: { host: 'web-1' },
  });
  expect([method, path]).toEqual(['POST', '/v2/enqueue']);
  expect(json).toEqual({
    routing_key: KEY,
    event_action: 'trigger',
    dedup_key: 'failed-deploy/acme/api',
    payload: {
      summary: 'Disk nearly full',
      source: 'acme/api',
      severity: 'critical',
      timestamp: '2026-11-23T09:00:00.000Z',
      class: 'deploy.failed',
      custom_details: { body: '91 % *used*', fields: { host: 'web-1' }, tags: ['disk'] },
    },
    links: [
      { href: 'https://example.com/a', text: 'Open' },
      { href: 'https://example.com/r', text: 'Runbook' },
    ],
    images: [{ src: 'https://example.com/p.png' }],
    client: 'Belfry',
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'disk/web-1', status: 202 });
});

test('resolves the alert with the same key, and needs no text for it', async () => {
  const delivery = sampleDelivery({ status: 'resolved', rule: 'disk', key: 'web-1' });
  expect((await channel.sent({}, {}, { delivery })).json).toEqual({
    routing_key: KEY,
    event_action: 'resolve',
    dedup_key: 'disk/web-1',
  });
});

test.each([
  ['min', 'info'],
  ['low', 'info'],
  ['normal', 'warning'],
  ['high', 'error'],
  ['urgent', 'critical'],
] as const)('priority %s is the severity %s', async (priority, severity) => {
  expect((await channel.sent({ priority })).json).toMatchObject({ payload: { severity } });
});

test('links that PagerDuty would refuse stay in the text', async () => {
  const { json } = await channel.sent({
    body: 'full',
    link: 'javascript:alert(1)',
    image: 'http://example.com/p.png',
  });
  expect(json).toMatchObject({
    payload: { custom_details: { body: 'full\njavascript:alert(1)\nhttp://example.com/p.png' } },
    links: [],
    images: [],
  });
});

test('a summary is never empty, which PagerDuty would refuse', async () => {
  expect((await channel.sent({ title: ' ' })).json).toMatchObject({ payload: { summary: 'failed-deploy' } });
});

test('a key that is a URL is found at load', () => {
  expect(readSettings(pagerduty, { routing_key: 'https://events.pagerduty.com/v2' }).problems).toHaveLength(1);
});
