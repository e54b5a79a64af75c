import { describe, expect, test } from 'vitest';
import { ntfy } from '../../../daemon/channels/push/ntfy.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { TOPIC, TOKEN, payloadOf } from './ntfy.contract.ts';

const OK = { body: { id: 'hwQ2YpKdmg', time: 1795406400, event: 'message', topic: TOPIC, message: 'x' } };

const channel = useHttpChannel(ntfy, { settings: (api) => ({ topic: TOPIC, api }), success: OK });

describe('a message', () => {
  test('goes to the root as JSON, and its receipt is the id that the server gave', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'hwQ2YpKdmg', status: 200 });
    const request = await channel.sent({
      title: 'Disk nearly full',
      body: 'web-1: 91 %',
      priority: 'urgent',
      tags: ['warning', 'a,b'],
      link: 'https://example.com/a',
      image: 'https://example.com/p.png',
      actions: [{ label: 'Open', url: 'https://example.com/b' }],
      fields: { host: 'web-1' },
    });
    expect(request.path).toBe('/');
    expect(request.json).toEqual({
      topic: TOPIC,
      title: 'Disk nearly full',
      message: 'web-1: 91 %\nhost: web-1',
      priority: 5,
      tags: ['warning', 'a b'],
      markdown: false,
      click: 'https://example.com/a',
      attach: 'https://example.com/p.png',
      actions: [{ action: 'view', label: 'Open', url: 'https://example.com/b' }],
    });
  });

  test('in Markdown is sent as it is written; HTML becomes text', async () => {
    expect(
      payloadOf((await channel.sent({ format: 'markdown', body: '**x** [a](https://b.test)' })).text),
    ).toMatchObject({
      message: '**x** [a](https://b.test)',
      markdown: true,
    });
    expect(payloadOf((await channel.sent({ format: 'html', body: '<b>x</b>' })).text).message).toBe('x');
  });

  test('keeps actions in the text if there are more than three or one has no valid address', async () => {
    const action = { label: 'Open', url: 'https://example.com/b' };
    expect((await channel.sent({ actions: [action, action, action, action] })).json).toMatchObject({ actions: [] });
    const { text } = await channel.sent({ actions: [{ label: 'Call', url: 'tel:123' }] });
    expect(payloadOf(text).message).toContain('Call tel:123');
  });

  test.each([
    ['min', 1],
    ['low', 2],
    ['normal', 3],
    ['high', 4],
  ] as const)('of priority %s has %i', async (priority, number) => {
    expect((await channel.sent({ priority })).json).toMatchObject({ priority: number });
  });

  test('with a `replace_key` has a sequence id, by which it takes the place of the earlier one', async () => {
    const idOf = async (replace_key?: string) =>
      (
        (await channel.sent({ ...(replace_key !== undefined && { replace_key }) })).json as {
          readonly sequence_id?: string;
        }
      ).sequence_id;
    const id = await idOf('disk/磁盘');
    expect(id).toMatch(/^[\w-]{1,64}$/);
    expect(await idOf('disk/磁盘')).toBe(id);
    expect(await idOf('disk/other')).not.toBe(id);
    expect(await idOf()).toBeUndefined();
  });

  test('says that an alert is resolved', async () => {
    const request = await channel.sent(
      { title: 'Resolved: disk', body: '' },
      {},
      { delivery: sampleDelivery({ status: 'resolved' }) },
    );
    expect(request.json).toMatchObject({ title: 'Resolved: disk' });
  });
});

test('logs in with a token, or with user and password', async () => {
  expect((await channel.sent({}, { token: TOKEN })).headers.authorization).toBe(`Bearer ${TOKEN}`);
  const { headers } = await channel.sent({}, { user: 'phil', password: 'mypass' });
  expect(headers.authorization).toBe('Basic cGhpbDpteXBhc3M=');
  expect((await channel.sent()).headers.authorization).toBeUndefined();
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(ntfy, { topic: TOPIC, user: 'a', password: 'b' }).problems).toEqual([]);
  expect(readSettings(ntfy, { topic: 'https://ntfy.sh/alerts' }).problems).toEqual(['/topic: this is not a topic']);
  expect(readSettings(ntfy, { topic: 'two words' }).problems).toContain('/topic: this is not a topic');
  expect(readSettings(ntfy, { topic: TOPIC, user: 'a' }).problems).toEqual([': the login is incomplete']);
  expect(readSettings(ntfy, { topic: TOPIC, token: 'tk 1' }).problems).toHaveLength(1);
  expect(readSettings(ntfy, { topic: TOPIC, token: 't', user: 'a', password: 'b' }).problems).toHaveLength(1);
});
