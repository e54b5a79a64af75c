import { expect, test } from 'vitest';
import { apprise } from '../../../daemon/channels/push/apprise.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { KEY, OK } from './apprise.contract.ts';

const channel = useHttpChannel(apprise, { settings: (api) => ({ api, key: KEY }), success: OK });

test('a message goes to the services of the key', async () => {
  const { method, path, headers, json } = await channel.sent(
    { title: 'Disk nearly full', body: '91 % *used*', link: 'https://example.com/a', fields: { host: 'web-1' } },
    { api: `${channel.sink().origin}/apprise/` },
  );
  expect([method, path, headers.accept]).toEqual(['POST', `/apprise/notify/${KEY}`, 'application/json']);
  expect(json).toEqual({
    title: 'Disk nearly full',
    body: '91 % *used*\nhost: web-1\nhttps://example.com/a',
    type: 'info',
    format: 'text',
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toEqual({ status: 200, answer: OK.body });
});

test('a message goes to the URLs of the settings', async () => {
  const urls = ['mailto://user:pass@mail.test', 'slack://a/b/c'];
  const { path, json } = await channel.sent({ format: 'markdown', body: '**x**' }, { key: undefined, urls });
  expect(path).toBe('/notify/');
  expect(json).toMatchObject({ urls: urls.join(','), body: '**x**', format: 'markdown' });
});

test.each([
  ['min', 'info'],
  ['normal', 'info'],
  ['high', 'warning'],
  ['urgent', 'failure'],
] as const)('priority %s is the type %s, and the end of an alert is a success', async (priority, type) => {
  expect((await channel.sent({ priority })).json).toMatchObject({ type });
  const delivery = sampleDelivery({ status: 'resolved' });
  expect((await channel.sent({ priority }, {}, { delivery })).json).toMatchObject({ type: 'success' });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object) =>
    readSettings(apprise, { api: 'http://apprise.internal:8000', ...settings }).problems;
  expect(problems({ key: KEY })).toEqual([]);
  expect(problems({})).toHaveLength(1);
  expect(problems({ key: KEY, urls: 'slack://a/b/c' })).toHaveLength(1);
  expect(problems({ key: `http://apprise.internal/notify/${KEY}` })).toHaveLength(1);
});
