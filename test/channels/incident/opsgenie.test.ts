import { expect, test } from 'vitest';
import { opsgenie } from '../../../daemon/channels/incident/opsgenie.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { decodeSettings } from '../../support/channel-settings.ts';
import { KEY, OK } from './opsgenie.contract.ts';

const channel = useHttpChannel(opsgenie, { settings: (api) => ({ key: KEY, api }), success: OK });

test('a message creates an alert with all its parts, and the receipt has the id of the request', async () => {
  const { method, path, headers, json } = await channel.sent({
    title: 'Disk nearly full',
    body: '91 % used',
    priority: 'high',
    tags: ['disk', 'prod'],
    link: 'https://example.com/a',
    actions: [{ label: 'Runbook', url: 'https://example.com/r' }],
    fields: { host: 'web-1' },
  });
  expect([method, path, headers.authorization]).toEqual(['POST', '/v2/alerts', `GenieKey ${KEY}`]);
  expect(json).toEqual({
    message: 'Disk nearly full',
    alias: 'failed-deploy/acme/api',
    description: '91 % used\nhttps://example.com/a\nRunbook: https://example.com/r',
    priority: 'P2',
    tags: ['disk', 'prod'],
    details: { host: 'web-1' },
    entity: 'acme/api',
    source: 'Belfry',
  });
  const receipt = await channel.open().send(sampleMessage(), sampleIo());
  expect(receipt).toMatchObject({ id: OK.body.requestId, status: 202 });
});

test('closes the alert by its alias, with the message as a note', async () => {
  const delivery = sampleDelivery({ status: 'resolved', rule: 'disk', key: '/var & more' });
  const { path, json } = await channel.sent({ title: 'Resolved: disk', body: '40 % used' }, {}, { delivery });
  expect(path).toBe('/v2/alerts/disk%2F%2Fvar%20%26%20more/close?identifierType=alias');
  expect(json).toEqual({ source: 'Belfry', note: 'Resolved: disk\n40 % used' });
});

test.each([
  ['min', 'P5'],
  ['low', 'P4'],
  ['normal', 'P3'],
  ['high', 'P2'],
  ['urgent', 'P1'],
] as const)('priority %s is %s', async (priority, expected) => {
  expect((await channel.sent({ priority })).json).toMatchObject({ priority: expected });
});

test('the region chooses the server, and `api` the one of Jira Service Management', async () => {
  const hostOf = (settings: object) =>
    opsgenie.uses?.(decodeSettings(opsgenie, { key: KEY, ...settings })).endpoints?.[0]?.host;
  expect([hostOf({}), hostOf({ region: 'eu' })]).toEqual(['api.opsgenie.com', 'api.eu.opsgenie.com']);
  const { path } = await channel.sent({}, { api: `${channel.sink().origin}/jsm/ops/integration`, region: 'eu' });
  expect(path).toBe('/jsm/ops/integration/v2/alerts');
});

test('fields that are too long for `details` are in the description', async () => {
  const fields = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index}`, 'x'.repeat(900)]));
  const { json } = await channel.sent({ fields, tags: Array.from({ length: 25 }, (_, index) => `t${index}`) });
  expect(json).not.toHaveProperty('details');
  expect(json).toMatchObject({ description: expect.stringContaining('f0: xxx'), tags: { length: 20 } });
});
