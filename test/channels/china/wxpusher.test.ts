import { expect, test } from 'vitest';
import { wxpusher } from '../../../daemon/channels/china/wxpusher.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { memoryLog, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { answered, OK, settings, target, TOKEN } from './wxpusher.contract.ts';

const channel = useHttpChannel(wxpusher, { settings, success: OK });

test('one request has all users and topics, and the link has a place of its own', async () => {
  const { method, path, json } = await channel.sent(
    { link: 'https://example.com/panel' },
    { to: ['UID_1', 'UID_2'], topics: [123] },
  );
  expect([method, path]).toEqual(['POST', '/api/send/message']);
  expect(json).toEqual({
    appToken: TOKEN,
    content: 'Deploy failed: acme/api\nBuild 42 of main by alice',
    summary: 'Deploy failed: acme/api',
    contentType: 1,
    uids: ['UID_1', 'UID_2'],
    topicIds: [123],
    url: 'https://example.com/panel',
  });
  expect((await channel.sent({ to: ['UID_3'] }, { topics: [123] })).json).not.toHaveProperty('topicIds');
});

test('Markdown and HTML have their types', async () => {
  expect((await channel.sent({ format: 'markdown', body: '*92 %*' })).json).toMatchObject({
    contentType: 3,
    content: '**Deploy failed: acme/api**\n\n*92 %*',
  });
  expect((await channel.sent({ format: 'html', body: '<i>92 %</i>' })).json).toMatchObject({
    contentType: 2,
    content: '<h3>Deploy failed: acme/api</h3><br>\n<i>92 %</i>',
  });
});

test('users that are refused while others get the message are logged', async () => {
  const { log, lines } = memoryLog();
  channel.sink().answer(answered(target('UID_1'), target('UID_2', 1001, 'UID不存在')));
  expect(await channel.open({}, { log }).send(sampleMessage(), sampleIo())).toMatchObject({ id: '42' });
  expect(JSON.parse(lines[0]!)).toMatchObject({ refused: 'UID_2: UID不存在' });
});

test('a name from an event that is no UID is refused, and settings without a recipient are found at load', async () => {
  expect(await channel.failure(OK, { to: ['zhang'] })).toMatchObject({ code: 'wxpusher.bad_recipient' });
  expect(readSettings(wxpusher, { token: TOKEN }).problems).toEqual([': nobody gets the messages']);
});
