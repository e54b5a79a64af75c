import { expect, test } from 'vitest';
import { matrix } from '../../../../daemon/channels/chat/work/matrix.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { type Content, ROOM, SENT, TOKEN } from './matrix.contract.ts';

const channel = useHttpChannel(matrix, { settings: (api) => ({ api, token: TOKEN, to: ROOM }), success: SENT });

const SEND = '/send/m.room.message/019aaf2e-1c00-7000-8000-0123456789ab';
const PATH = `/_matrix/client/v3/rooms/!abc123%3Aexample.org${SEND}`;

test('a message is put under the id of its delivery, as text and as HTML, and its receipt is the id of the event', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '$e1', status: 200 });
  const { method, path, headers, json } = await channel.sent({
    title: 'Disk <full>',
    body: 'web-1: 91 % & more',
    priority: 'urgent',
    link: 'https://example.com/a?x=1&y=2',
    actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
    fields: { host: 'web-1' },
    mention: ['@ada:example.org', 'all'],
  });
  expect([method, path, headers.authorization]).toEqual(['PUT', PATH, `Bearer ${TOKEN}`]);
  expect(json).toEqual({
    msgtype: 'm.text',
    body: 'Disk <full> @ada:example.org @room\nweb-1: 91 % & more\nhost: web-1\nhttps://example.com/a?x=1&y=2\nRunbook: https://example.com/b',
    format: 'org.matrix.custom.html',
    formatted_body:
      '<b>Disk &lt;full&gt;</b> <a href="https://matrix.to/#/%40ada%3Aexample.org">@ada:example.org</a> @room<br>web-1: 91 % &amp; more<br><b>host</b>: web-1<br><a href="https://example.com/a?x=1&amp;y=2">https://example.com/a?x=1&amp;y=2</a><br><a href="https://example.com/b">Runbook</a>',
    'm.mentions': { user_ids: ['@ada:example.org'], room: true },
  });
});

test('a message of low priority is a notice, of which clients do not notify', async () => {
  for (const priority of ['min', 'low'] as const)
    expect((await channel.sent({ priority })).json).toMatchObject({ msgtype: 'm.notice' });
});

test('a message with the same `replace_key` replaces the earlier one, until the alert is resolved', async () => {
  const open = channel.open();
  const send = async (title: string, body: string, status: 'firing' | 'resolved' = 'firing') =>
    await open.send(
      sampleMessage({ replace_key: 'disk', title, body }),
      sampleIo({ delivery: sampleDelivery({ status }) }),
    );
  channel.sink().answer({ body: { event_id: '$e1' } }, { body: { event_id: '$e2' } }, { body: { event_id: '$e3' } });
  await send('Down', '');
  await send('Worse', 'x & y\n'.repeat(20_000));
  await send('Resolved', '', 'resolved');
  await send('Down again', '');
  const { requests } = channel.sink();
  expect(requests[1]?.json).toMatchObject({ 'm.relates_to': { event_id: '$e1' } });
  expect(requests[1]?.bytes.length).toBeLessThanOrEqual(48_000);
  expect(requests[2]?.json).toMatchObject({
    body: '* Resolved',
    'm.mentions': {},
    'm.new_content': { msgtype: 'm.text', body: 'Resolved', formatted_body: '<b>Resolved</b>', 'm.mentions': {} },
    'm.relates_to': { rel_type: 'm.replace', event_id: '$e1' },
  });
  expect(requests[3]?.json).not.toHaveProperty('m.relates_to');
});

test('Markdown becomes HTML that Matrix allows', async () => {
  const body = '# Head\n**b** *i* ~~s~~ `c<`\n\n> q\n\n```sh\nx < y\n```\n[a](https://b.test/) [c](javascript:x)';
  const { json } = await channel.sent({ format: 'markdown', title: 't', body });
  expect((json as Content).formatted_body).toBe(
    '<b>t</b><br><b>Head</b><br><b>b</b> <i>i</i> <del>s</del> <code>c&lt;</code><br><br><blockquote>q</blockquote><br><br><pre><code class="language-sh">x &lt; y</code></pre><br><a href="https://b.test/">a</a> c (javascript:x)',
  );
});

test('the id of a room with an alias is asked for', async () => {
  channel.sink().answer({ body: { room_id: '!xyz', servers: ['example.org'] } }, SENT);
  await channel.open({ to: '#ops:example.org' }).send(sampleMessage(), sampleIo());
  expect(channel.sink().requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /_matrix/client/v3/directory/room/%23ops%3Aexample.org',
    `PUT /_matrix/client/v3/rooms/!xyz${SEND}`,
  ]);
});

test('each of several rooms gets the message under an id of its own, the same in each attempt', async () => {
  const open = channel.open({ to: [ROOM, '!other'] });
  for (const attempt of [1, 2]) await open.send(sampleMessage(), sampleIo({ attempt }));
  const [first, second, ...again] = channel.sink().requests.map(({ path }) => path);
  expect(first).toBe(PATH);
  expect(second).toMatch(/^\/_matrix\/client\/v3\/rooms\/!other\/send\/m\.room\.message\/[0-9a-f-]{36}$/);
  expect(second).not.toContain(SEND);
  expect(again).toEqual([first, second]);
});

test('an answer that is not from Matrix leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'matrix.unreadable' });
});

test('settings that cannot work are found at load', () => {
  const api = 'https://matrix.example.org';
  expect(readSettings(matrix, { api, token: TOKEN, to: [ROOM, '#ops:example.org', '!newer'] }).problems).toEqual([]);
  expect(readSettings(matrix, { api, token: TOKEN, to: 'Ops room' }).problems).toEqual(['/to/0: this is not a room']);
  expect(readSettings(matrix, { token: TOKEN, to: ROOM }).problems).toHaveLength(1);
  expect(readSettings(matrix, { api, token: `${TOKEN} x`, to: ROOM }).problems).toHaveLength(1);
});
