import { describe, expect, test } from 'vitest';
import { alertKeyHash } from '../../../daemon/channels/kit/alert-key.ts';
import { homeassistant } from '../../../daemon/channels/push/homeassistant.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, TOKEN } from './homeassistant.contract.ts';

const channel = useHttpChannel(homeassistant, { settings: (api) => ({ api, token: TOKEN }), success: OK });
const TAG = `belfry_${alertKeyHash(sampleMessage(), sampleDelivery())}`;
const resolved = { delivery: sampleDelivery({ status: 'resolved' }) };
const PHONE = { service: 'notify.mobile_app_phone' };

describe('a message for a phone', () => {
  test('has its parts in their places, for both kinds of phones', async () => {
    const { method, path, headers, json } = await channel.sent(
      {
        title: 'Disk nearly full',
        body: '91 % **used**',
        format: 'markdown',
        link: 'https://example.com/a',
        image: 'https://example.com/p.png',
        actions: [{ label: 'Runbook', url: 'https://example.com/r' }],
        fields: { host: 'web-1' },
      },
      PHONE,
    );
    expect([method, path]).toEqual(['POST', '/api/services/notify/mobile_app_phone']);
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(json).toEqual({
      title: 'Disk nearly full',
      message: '91 % used\nhost: web-1',
      data: {
        tag: TAG,
        color: '#3b82f6',
        url: 'https://example.com/a',
        clickAction: 'https://example.com/a',
        image: 'https://example.com/p.png',
        actions: [{ action: 'URI', title: 'Runbook', uri: 'https://example.com/r' }],
      },
    });
    expect(await channel.open(PHONE).send(sampleMessage(), sampleIo())).toEqual({ status: 200, answer: '[]' });
  });

  test('that says that an alert is over clears the earlier one and takes its tag', async () => {
    await channel.sent({ title: 'Resolved', priority: 'urgent' }, { service: 'family' }, resolved);
    const [clear, shown] = channel.sink().requests;
    expect([clear!.path, clear!.json]).toEqual([
      '/api/services/notify/family',
      { message: 'clear_notification', data: { tag: TAG } },
    ]);
    expect(shown!.json).toMatchObject({
      title: 'Resolved',
      data: { tag: TAG, color: '#22a55a', push: { 'interruption-level': 'time-sensitive' } },
    });
  });

  test.each([
    ['min', { importance: 'min', push: { 'interruption-level': 'passive' } }],
    ['low', { importance: 'low', push: { 'interruption-level': 'passive' } }],
    ['high', { ttl: 0, priority: 'high', push: { 'interruption-level': 'time-sensitive' } }],
    ['urgent', { ttl: 0, priority: 'high', push: { 'interruption-level': 'critical', sound: { critical: 1 } } }],
  ] as const)('of priority %s has its effects', async (priority, data) => {
    expect((await channel.sent({ priority }, PHONE)).json).toMatchObject({ data });
  });
});

test('without a service a message is shown on the page of Home Assistant, and replaces the earlier one of its alert', async () => {
  const message = { title: 'Disk nearly full', body: '91 % **used** <x>', link: 'https://example.com/a' };
  const { path, json } = await channel.sent({ ...message, format: 'markdown' });
  expect(path).toBe('/api/services/persistent_notification/create');
  expect(json).toEqual({
    title: 'Disk nearly full',
    message: '91 % **used** <x>\n\n<https://example.com/a>',
    notification_id: TAG,
  });
  expect((await channel.sent({ body: 'text of an event: <x> *y*' }, {}, resolved)).json).toEqual({
    title: 'Deploy failed: acme/api',
    message: String.raw`text of an event: \<x\> \*y\*`,
    notification_id: TAG,
  });
});

test('a service that is none is found at load', () => {
  const api = 'http://homeassistant.lan:8123';
  const problems = (service: string) => readSettings(homeassistant, { api, token: TOKEN, service }).problems;
  expect(problems('notify.mobile_app_phone')).toEqual([]);
  expect(problems('light.turn_on')).toHaveLength(1);
  expect(problems('../../events')).toHaveLength(1);
});
