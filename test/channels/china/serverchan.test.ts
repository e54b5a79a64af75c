import { expect, test } from 'vitest';
import { serverchan } from '../../../daemon/channels/china/serverchan.ts';
import { sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings } from '../../support/channel-settings.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { KEY, OK, settings } from './serverchan.contract.ts';

const channel = useHttpChannel(serverchan, { settings, success: OK });
const KEY_OF_3 = 'sctp1234tABCDEF';
const hostOf = (key: string) =>
  serverchan.uses!(decodeSettings(serverchan, { key }) as never).endpoints?.map(({ host }) => host);

test('the key decides between Turbo and 3, which have different hosts and paths', async () => {
  expect(hostOf(KEY)).toEqual(['sctapi.ftqq.com']);
  expect(hostOf(KEY_OF_3)).toEqual(['1234.push.ft07.com']);
  expect((await channel.sent()).path).toBe(`/${KEY}.send`);
  expect((await channel.sent({}, { key: KEY_OF_3 })).path).toBe('/send/sctp1234tABCDEF.send');
});

test('title, text and beginning have their places, and lines stay lines', async () => {
  const { method, json } = await channel.sent({ body: 'one\ntwo', fields: { host: 'db-1' }, tags: ['disk', 'a|b'] });
  expect(method).toBe('POST');
  expect(json).toEqual({
    title: 'Deploy failed: acme/api',
    desp: 'one  \ntwo\n\n- host: db-1\n- disk, a b',
    short: 'one two',
    noip: 1,
  });
});

test('3 shows tags in their own form', async () => {
  const { json } = await channel.sent({ tags: ['disk', 'a|b'] }, { key: KEY_OF_3 });
  expect(json).toMatchObject({ desp: 'Build 42 of main by alice', tags: 'disk|a b' });
  expect(json).not.toHaveProperty('noip');
});

test('a title of more than 32 characters is whole in the text', async () => {
  const title = '磁盘告警'.repeat(10);
  expect((await channel.sent({ title })).json).toMatchObject({
    title: `${'磁盘告警'.repeat(8).slice(0, 31)}…`,
    desp: expect.stringContaining(`**${title}**`) as string,
  });
});

test('the receipt has the id of the push', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '42' });
});
