import { describe, expect, test } from 'vitest';
import { cloudevents } from '../../../daemon/channels/incident/cloudevents.ts';
import { sampleDelivery, sampleEvent, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { eventOf, PATH } from './cloudevents.contract.ts';

const channel = useHttpChannel(cloudevents, {
  settings: (origin) => ({ url: `${origin}${PATH}` }),
  success: { status: 204 },
});
const delivery = sampleDelivery({ rule: 'disk full', key: 'web-1' });
const DATA = {
  id: delivery.id,
  time: '2026-11-23T09:00:00.000Z',
  rule: 'disk full',
  key: 'web-1',
  status: 'firing',
  title: 'Disk nearly full',
  body: '91 % used',
  priority: 'high',
  tags: ['disk'],
  link: 'https://example.com/a',
  fields: { host: 'web-1' },
  event: delivery.event,
};
const MESSAGE = {
  title: DATA.title,
  body: DATA.body,
  priority: 'high',
  tags: DATA.tags,
  link: DATA.link,
  fields: DATA.fields,
} as const;

test('a structured event has its attributes and its data in JSON', async () => {
  const { method, path, headers, json } = await channel.sent(MESSAGE, {}, { delivery });
  expect([method, path]).toEqual(['POST', PATH]);
  expect(headers['content-type']).toBe('application/cloudevents+json; charset=UTF-8');
  expect(json).toEqual({
    specversion: '1.0',
    belfryhops: 1,
    id: delivery.id,
    source: '/belfry/rules/disk%20full',
    type: 'belfry.notification.firing',
    subject: 'web-1',
    time: '2026-11-23T09:00:00.000Z',
    datacontenttype: 'application/json',
    data: DATA,
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ status: 204 });
});

describe('a binary event', () => {
  test('has its attributes in headers and its data as the body', async () => {
    const { headers, json } = await channel.sent(MESSAGE, { mode: 'binary' }, { delivery });
    expect(json).toEqual(DATA);
    expect(headers['content-type']).toBe('application/json');
    expect(Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('ce-')))).toEqual({
      'ce-specversion': '1.0',
      'ce-belfryhops': '1',
      'ce-id': delivery.id,
      'ce-source': '/belfry/rules/disk%2520full',
      'ce-type': 'belfry.notification.firing',
      'ce-subject': 'web-1',
      'ce-time': '2026-11-23T09:00:00.000Z',
    });
  });

  test.each([
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['"50%"', '%2250%25%22'],
    ["!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~", "!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"],
    ['a\r\nX-Evil: 1', 'a%20X-Evil:%201'],
    ['\uD800x', '%EF%BF%BDx'],
  ])('has the key %j in a header as %s', async (key, expected) => {
    const { headers } = await channel.sent({}, { mode: 'binary' }, { delivery: sampleDelivery({ key }) });
    expect(headers['ce-subject']).toBe(expected);
    expect(headers).not.toHaveProperty('x-evil');
  });
});

test('an event without a key has no subject, and the end of an alert has its own type', async () => {
  const { json } = await channel.sent({}, {}, { delivery: sampleDelivery({ key: '', status: 'resolved' }) });
  expect(json).not.toHaveProperty('subject');
  expect(json).toMatchObject({ type: 'belfry.notification.resolved' });
});

test('an event whose data is too large for intermediaries is sent without the data', async () => {
  const event = sampleEvent({ data: { log: 'x'.repeat(40_000) } });
  const { text } = await channel.sent({ body: 'y'.repeat(60_000) }, {}, { delivery: sampleDelivery({ event }) });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
  expect(eventOf(text).data).toMatchObject({ event: { id: 'e-1', data: null }, body: expect.stringContaining('yyy') });
});
