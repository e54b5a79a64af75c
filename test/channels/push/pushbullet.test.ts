import { expect, test } from 'vitest';
import { pushbullet } from '../../../daemon/channels/push/pushbullet.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, TOKEN } from './pushbullet.contract.ts';

const channel = useHttpChannel(pushbullet, { settings: (api) => ({ token: TOKEN, api }), success: OK });
const { id } = sampleDelivery();

test('a message with a link is a link for all devices, and the receipt has the id of the push', async () => {
  const { method, path, headers, json } = await channel.sent({
    title: 'Disk nearly full',
    body: '91 % used',
    link: 'https://example.com/a',
    fields: { host: 'web-1' },
  });
  expect([method, path, headers['access-token']]).toEqual(['POST', '/v2/pushes', TOKEN]);
  expect(json).toEqual({
    type: 'link',
    title: 'Disk nearly full',
    body: '91 % used\nhost: web-1',
    url: 'https://example.com/a',
    guid: id,
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'ubdpjxxxOK0sKG', status: 200 });
});

test('a message without a link, or with another kind of link, is a note', async () => {
  expect((await channel.sent({ body: 'full' })).json).toMatchObject({ type: 'note', body: 'full' });
  const { json } = await channel.sent({ body: 'full', link: 'javascript:x' });
  expect(json).toMatchObject({ type: 'note', body: 'full\njavascript:x' });
});

test('each recipient gets a push of its own: people by their address, channels by their tag', async () => {
  await channel.sent({}, { to: ['ops@example.com', 'acme-alerts'] });
  expect(channel.sink().requests.map(({ json }) => json)).toMatchObject([
    { email: 'ops@example.com', guid: `${id}/ops@example.com` },
    { channel_tag: 'acme-alerts', guid: `${id}/acme-alerts` },
  ]);
});

test('says that an alert is over', async () => {
  const delivery = sampleDelivery({ status: 'resolved' });
  expect((await channel.sent({ title: 'Resolved: disk' }, {}, { delivery })).json).toMatchObject({
    title: 'Resolved: disk',
  });
});

test('a recipient that is neither an address nor a tag is found at load', () => {
  expect(readSettings(pushbullet, { token: TOKEN, to: ['#ops channel'] }).problems).toEqual([
    '/to/0: this is not a recipient',
  ]);
});
