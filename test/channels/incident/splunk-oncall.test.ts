import { expect, test } from 'vitest';
import { splunkOncall } from '../../../daemon/channels/incident/splunk-oncall.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { KEY, OK } from './splunk-oncall.contract.ts';

const channel = useHttpChannel(splunkOncall, {
  settings: (api) => ({ key: KEY, routing_key: 'database', api }),
  success: OK,
});

test('a message opens an incident, with links and the image as annotations', async () => {
  const { method, path, json } = await channel.sent({
    title: 'Disk nearly full',
    body: '91 % used',
    link: 'https://example.com/a',
    actions: [{ label: 'Runbook', url: 'https://example.com/r' }],
    image: 'https://example.com/p.png',
    fields: { host: 'web-1' },
  });
  expect([method, path]).toEqual(['POST', `/integrations/generic/20131114/alert/${KEY}/database`]);
  expect(json).toEqual({
    message_type: 'CRITICAL',
    entity_id: 'failed-deploy/acme/api',
    entity_display_name: 'Disk nearly full',
    state_message: '91 % used\nhost: web-1',
    state_start_time: 1_795_424_400,
    monitoring_tool: 'Belfry',
    'vo_annotate.u.Open': 'https://example.com/a',
    'vo_annotate.u.Runbook': 'https://example.com/r',
    'vo_annotate.i.Image': 'https://example.com/p.png',
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'disk/web-1', status: 200 });
});

test('resolves the incident with the same id', async () => {
  const delivery = sampleDelivery({ status: 'resolved' });
  expect((await channel.sent({ title: 'Resolved: disk' }, {}, { delivery })).json).toMatchObject({
    message_type: 'RECOVERY',
    entity_id: 'failed-deploy/acme/api',
    entity_display_name: 'Resolved: disk',
  });
});

test.each([
  ['min', 'INFO'],
  ['low', 'WARNING'],
  ['normal', 'CRITICAL'],
  ['high', 'CRITICAL'],
  ['urgent', 'CRITICAL'],
] as const)('priority %s is %s', async (priority, type) => {
  expect((await channel.sent({ priority })).json).toMatchObject({ message_type: type });
});

test('settings that cannot work are found at load', () => {
  const url = `https://alert.victorops.com/integrations/generic/20131114/alert/${KEY}/$routing_key`;
  expect(readSettings(splunkOncall, { key: url, routing_key: 'database' }).problems).toEqual([
    '/key: this is not a key but a URL',
  ]);
  expect(readSettings(splunkOncall, { key: KEY, routing_key: 'data base' }).problems).toHaveLength(1);
});
