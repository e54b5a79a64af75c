import { expect, test } from 'vitest';
import { webex } from '../../../../daemon/channels/chat/work/webex.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { refused, ROOM, sent, TOKEN } from './webex.contract.ts';

const channel = useHttpChannel(webex, {
  settings: (api) => ({ api, token: TOKEN, to: ROOM }),
  success: sent('m1'),
});
const requests = () => channel.sink().requests.map(({ method, path, json }) => ({ method, path, ...(json as object) }));

test('a message is Markdown with its picture as a file, and its receipt names room and message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'R1 m1', status: 200 });
  const { path, headers, json } = await channel.sent({
    title: 'Disk *full*',
    body: 'web-1: 91 %\nask <@all>',
    link: 'https://example.com/a',
    image: 'https://example.com/p.png',
    actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
    fields: { host: 'web-1' },
    mention: ['ada@example.com', 'Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x', 'all'],
  });
  expect([path, headers.authorization]).toEqual(['/v1/messages', `Bearer ${TOKEN}`]);
  expect(json).toEqual({
    roomId: ROOM,
    markdown: [
      String.raw`**Disk \*full\*** <@personEmail:ada@example.com> <@personId:Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x> <@all>`,
      'web-1: 91 %',
      String.raw`ask &lt;@all\>`,
      '- host: web-1',
      '[https://example.com/a](https://example.com/a)',
      '[Runbook](https://example.com/b)',
    ].join('  \n'),
    files: ['https://example.com/p.png'],
  });
});

test('what holds an `@` is a person, everything else a room', async () => {
  await channel.sent({}, { to: ['ada@example.com', ROOM] });
  expect(requests()).toMatchObject([{ toPersonEmail: 'ada@example.com' }, { roomId: ROOM }]);
});

test('messages of one key are replies to the first of the day', async () => {
  const open = channel.open();
  channel.sink().answer(sent('m1'), sent('m2'), sent('m3'));
  for (const _ of [1, 2, 3]) await open.send(sampleMessage(), sampleIo());
  expect(requests()[0]).not.toHaveProperty('parentId');
  expect(requests().slice(1)).toMatchObject([{ parentId: 'm1' }, { parentId: 'm1' }]);
});

test('a message with the same `replace_key` edits the earlier one, and is a new one when that is not possible any more', async () => {
  const open = channel.open();
  channel.sink().answer(sent('m1'), sent('m1'), refused(400, 'edited too often'), sent('m2'));
  const image = 'https://example.com/p.png';
  for (const title of ['Down', 'Worse', 'Bad'])
    await open.send(sampleMessage({ title, body: '', image, replace_key: 'disk' }), sampleIo());
  expect(requests().map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/messages',
    'PUT /v1/messages/m1',
    'PUT /v1/messages/m1',
    'POST /v1/messages',
  ]);
  expect(requests()[1]).toMatchObject({ roomId: 'R1', markdown: expect.stringContaining(`**Worse**  \n[${image}]`) });
  // A message with a file could not be edited.
  expect(requests()[0]).not.toHaveProperty('files');
});

test('an answer that is not from Webex leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'webex.unreadable' });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(webex, { token: TOKEN, to: [ROOM, 'ada@example.com'] }).problems).toEqual([]);
  expect(readSettings(webex, { token: TOKEN }).problems).toHaveLength(1);
  expect(readSettings(webex, { token: 'https://webexapis.com/x', to: ROOM }).problems).toHaveLength(1);
});
