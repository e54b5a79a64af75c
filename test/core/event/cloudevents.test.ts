import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ParsedEvents,
  parseEvents,
  type PostedEvents,
  toCloudEvent,
} from '../../../daemon/core/event/cloudevents.ts';
import type { EventInput } from '../../../daemon/core/event/event.ts';

const CE = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const whole = { specversion: '1.0', id: 'a', source: '/s', type: 'x.y' };

function parse(
  body: unknown,
  contentType: string | undefined = 'application/json',
  headers: PostedEvents['headers'] = {},
): ParsedEvents {
  return parseEvents({ contentType, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

function events(...given: Parameters<typeof parse>): readonly EventInput[] {
  const parsed = parse(...given);
  if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`);
  return parsed.events;
}

test('a plain event needs a type, and may have any JSON as its data and extensions beside', () => {
  expect(events({ type: 'x' })).toEqual([{ type: 'x', data: null }]);
  expect(
    events({
      type: 'x',
      data: [1],
      id: 'a',
      source: 's',
      subject: 'u',
      time: '2026-11-23T09:00:00+08:00',
      region: 'eu',
      n: 1,
    }),
  ).toEqual([
    { type: 'x', data: [1], id: 'a', source: 's', subject: 'u', time: '2026-11-23T09:00:00+08:00', region: 'eu', n: 1 },
  ]);
  expect(events({ type: 'x', subject: null, id: null })).toEqual([{ type: 'x', data: null }]);
});

test('an array, NDJSON, and a body without a media type are read', () => {
  const two = [
    { type: 'a', data: null },
    { type: 'b', data: 1 },
  ];
  expect(events([{ type: 'a' }, { type: 'b', data: 1 }])).toEqual(two);
  expect(events('{"type":"a"}\r\n\n{"type":"b","data":1}\n', 'application/x-ndjson; charset=utf-8')).toEqual(two);
  expect(events({ type: 'a' }, undefined)).toEqual([two[0]]);
  expect(events({ type: 'a' }, 'Application/JSON; charset=utf-8')).toEqual([two[0]]);
});

test('bytes are read as UTF-8, and refused if they are not', () => {
  const body = new TextEncoder().encode('\uFEFF{"type":"x","data":"日本"}');
  expect(parseEvents({ contentType: 'application/json', headers: {}, body })).toEqual({
    ok: true,
    events: [{ type: 'x', data: '日本' }],
  });
  expect(
    parseEvents({ contentType: 'application/json', headers: {}, body: new Uint8Array([0x22, 0xff]) }),
  ).toMatchObject({ ok: false, code: 'events.not_utf8' });
});

test('CloudEvents in structured and batch mode', () => {
  expect(events({ ...whole, data: { n: 1 }, region: 'eu' }, CE)).toEqual([
    { id: 'a', source: '/s', type: 'x.y', data: { n: 1 }, region: 'eu' },
  ]);
  expect(events([whole, { ...whole, id: 'b' }], BATCH).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(events([whole, { type: 'plain' }]).map(({ type }) => type)).toEqual(['x.y', 'plain']);
});

test.each<[string | undefined, string, unknown]>([
  ['application/json', '{"n":1}', { n: 1 }],
  ['application/x+json', '{"n":1}', { n: 1 }],
  ['text/plain', 'héllo', 'héllo'],
  [undefined, 'text', 'text'],
  ['application/json', 'not json', btoa('not json')],
])('data_base64 of %s', (type, text, data) => {
  const encoded = btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
  expect(
    events({ ...whole, ...(type !== undefined && { datacontenttype: type }), data_base64: encoded }, CE),
  ).toMatchObject([{ data }]);
});

test('data_base64 that is not text stays in base64', () => {
  expect(events({ ...whole, data_base64: '//79' }, CE)).toMatchObject([{ data: '//79' }]);
});

test('CloudEvents in binary mode, percent-decoded', () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'a',
    'ce-source': '/s',
    'ce-type': 'x.y',
    'ce-subject': 'caf%C3%A9%20%22a%22',
    'ce-region': '100%',
    other: 'no',
  };
  expect(events('{"n":1}', 'application/json', headers)).toEqual([
    { id: 'a', source: '/s', type: 'x.y', subject: 'café "a"', region: '100%', data: { n: 1 } },
  ]);
  expect(events('hello', 'text/plain; charset=utf-8', headers)).toMatchObject([
    { data: 'hello', datacontenttype: 'text/plain' },
  ]);
  expect(events('', 'application/json', headers)).toMatchObject([{ data: null }]);
});

test.each<[string, unknown, string | undefined, string, string | undefined]>([
  ['no JSON', '{', undefined, 'events.not_json', undefined],
  ['nothing', '[]', undefined, 'events.none', undefined],
  ['an empty body of lines', '\n', 'application/x-ndjson', 'events.none', undefined],
  ['a number', 5, undefined, 'events.not_object', ''],
  ['an array in an array', [[]], undefined, 'events.not_object', '/0'],
  ['no type', { data: 1 }, undefined, 'events.missing', '/type'],
  ['no type in the second', [{ type: 'a' }, {}], undefined, 'events.missing', '/1/type'],
  ['a type that is not a text', { type: 5 }, undefined, 'events.missing', '/type'],
  ['a type that is null', { type: null }, undefined, 'events.missing', '/type'],
  ['an id that is not a text', { type: 'a', id: 5 }, undefined, 'events.attribute', '/id'],
  ['an empty id', { type: 'a', id: '' }, undefined, 'events.attribute', '/id'],
  ['a line break in a subject', { type: 'a', subject: 'a\nb' }, undefined, 'events.attribute', '/subject'],
  ['a long source', { type: 'a', source: 'x'.repeat(1025) }, undefined, 'events.attribute', '/source'],
  ['a time that is none', { type: 'a', time: 'yesterday' }, undefined, 'events.time', '/time'],
  ['a thirteenth month', { type: 'a', time: '2026-13-01T00:00:00Z' }, undefined, 'events.time', '/time'],
  ['the 30th of February', { type: 'a', time: '2026-02-30T00:00:00Z' }, undefined, 'events.time', '/time'],
  ['a name with a capital', { type: 'a', Region: 1 }, undefined, 'events.attribute', '/Region'],
  ['a name with a dash', { type: 'a', 'x-y': 1 }, undefined, 'events.attribute', '/x-y'],
  ['a name of the language', '{"type":"a","__proto__":{"x":1}}', undefined, 'events.attribute', '/__proto__'],
  ['a name that rules use', { type: 'a', event: 1 }, undefined, 'events.attribute', '/event'],
  ['another version', { ...whole, specversion: '0.3' }, CE, 'events.specversion', '/specversion'],
  ['no version', { id: 'a', source: 's', type: 't' }, CE, 'events.specversion', '/specversion'],
  ['no id', { specversion: '1.0', source: 's', type: 't' }, CE, 'events.missing', '/id'],
  ['an id that is null', { ...whole, id: null }, CE, 'events.missing', '/id'],
  ['no source', { specversion: '1.0', id: 's', type: 't' }, CE, 'events.missing', '/source'],
  ['no array', whole, BATCH, 'events.not_array', ''],
  ['data twice', { ...whole, data: 1, data_base64: 'YQ==' }, CE, 'events.data', '/data_base64'],
  ['base64 that is none', { ...whole, data_base64: '*' }, CE, 'events.data', '/data_base64'],
])('%s is refused with its position', (_what, body, contentType, code, pointer) => {
  const parsed = parse(body, contentType);
  expect(parsed).toMatchObject({ ok: false, status: 400, code, message: expect.any(String) });
  if (!parsed.ok) expect(parsed.pointer).toBe(pointer);
});

test('an unknown media type is 415, with the known ones', () => {
  expect(parse('<a/>', 'text/xml')).toMatchObject({
    ok: false,
    status: 415,
    message: expect.stringContaining('application/json'),
  });
});

test('depth and number of events have limits, and deep nesting does not overflow the stack', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  expect(parse(`{"type":"a","data":${nested(32)}}`)).toMatchObject({ ok: true });
  expect(parse(`{"type":"a","data":${nested(33)}}`)).toMatchObject({
    ok: false,
    code: 'events.too_deep',
    pointer: '/data',
  });
  expect(parse(`{"type":"a","data":${nested(100_000)}}`)).toMatchObject({ ok: false });
  expect(parse(`{"type":"a","x":${nested(33)}}`)).toMatchObject({ ok: false, code: 'events.too_deep', pointer: '/x' });
  expect(parse('{"type":"a"}\n'.repeat(10_001), 'application/x-ndjson')).toMatchObject({
    ok: false,
    code: 'events.too_many',
  });
});

test('an event has at most 100,000 values, and names of at most 1,024 characters', () => {
  const list = (values: number): string => `{"type":"a","data":[${'0,'.repeat(values - 1)}0]}`;
  expect(parse(list(99_999))).toMatchObject({ ok: true });
  expect(parse(list(100_000))).toMatchObject({ ok: false, code: 'events.too_many_values', pointer: '/data' });
  const named = (length: number): string => `{"type":"a","data":[{"${'k'.repeat(length)}":1}]}`;
  expect(parse(named(1024))).toMatchObject({ ok: true });
  expect(parse(named(1025))).toMatchObject({ ok: false, code: 'events.long_key', pointer: '/data' });
  const many = JSON.stringify(Array.from({ length: 5000 }, () => ({ type: 'a', data: { list: Array(50).fill(0) } })));
  expect(parse(many)).toMatchObject({ ok: true });
});

test('an event that is written as a CloudEvent is read as the same event', () => {
  const event = {
    id: 'a',
    source: 's',
    type: 't',
    subject: 'u',
    time: '2026-11-23T09:00:00Z',
    data: { n: [1, null] },
    region: 'eu',
  };
  expect(toCloudEvent(event)).toMatchObject({ specversion: '1.0', ...event });
  expect(events(toCloudEvent(event), CE)).toMatchObject([event]);
});

test('every posted text gets a result and never an exception', () => {
  const types = fc.constantFrom('application/json', CE, BATCH, 'application/x-ndjson', undefined, 'text/plain');
  const headers = fc.constantFrom<PostedEvents['headers']>(
    {},
    { 'ce-specversion': '1.0', 'ce-id': '%', 'ce-type': 't', 'ce-source': 's' },
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        { type: fc.string(), specversion: fc.constant('1.0'), data: fc.jsonValue(), x: fc.jsonValue() },
        { requiredKeys: [] },
      )
      .map((one) => JSON.stringify(one)),
  );
  fc.assert(
    fc.property(
      types,
      headers,
      body,
      (contentType, given, text) => typeof parseEvents({ contentType, headers: given, body: text }).ok === 'boolean',
    ),
  );
});
