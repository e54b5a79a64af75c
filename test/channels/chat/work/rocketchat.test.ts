import { expect, test } from 'vitest';
import { rocketchat } from '../../../../daemon/channels/chat/work/rocketchat.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { OK, PATH } from './rocketchat.contract.ts';

const channel = useHttpChannel(rocketchat, { settings: (origin) => ({ url: origin + PATH }), success: OK });

test('a message has its title as text and the rest beside a bar', async () => {
  const { path, headers, json } = await channel.sent({
    title: 'Disk *full*',
    body: 'web-1: 91 % of web_data, ask @all: ~_ok_~ https://es.test/_cat/~a',
    priority: 'high',
    link: 'https://example.com/a_b',
    image: 'https://example.com/p.png',
    actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
    fields: { host: 'web-1' },
    mention: ['ada', 'all'],
  });
  expect(path).toBe(PATH);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(json).toEqual({
    text: '**Disk ＊full＊** @ada @all',
    attachments: [
      {
        color: '#f59e0b',
        text: 'web-1: 91 % of web_data, ask @\u200Ball: ～＿ok＿～ https://es.test/_cat/~a\n\nhttps://example.com/a_b',
        fields: [{ title: 'host', value: 'web-1', short: true }],
        image_url: 'https://example.com/p.png',
        actions: [{ type: 'button', text: 'Runbook', url: 'https://example.com/b' }],
      },
    ],
  });
});

test('the bar is green when an alert is resolved', async () => {
  const { json } = await channel.sent({}, {}, { delivery: sampleDelivery({ status: 'resolved' }) });
  expect(json).toMatchObject({ attachments: [{ color: '#22a55a' }] });
});

test('a 503 of a proxy is transient, and a page in place of an answer leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 503, body: '<html>Service Unavailable</html>' })).toMatchObject({
    class: 'transient',
  });
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'rocketchat.unreadable' });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(rocketchat, { url: 'https://chat.example.com/hooks/1/2' }).problems).toEqual([]);
  expect(readSettings(rocketchat, { url: 'chat.example.com/hooks/1/2' }).problems).toHaveLength(1);
});
