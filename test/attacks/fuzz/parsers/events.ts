import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  MAX_ATTRIBUTE_LENGTH,
  MAX_DEPTH,
  MAX_EVENTS,
  type ParsedEvents,
  parseEvents,
  type PostedEvents,
} from '../../../../daemon/core/event/cloudevents.ts';
import { readHops } from '../../../../daemon/core/event/hops.ts';
import { excessOf, isJson, parseJson } from '../../../../daemon/core/values/json.ts';
import { readBody } from '../../../../daemon/sources/kit/request-body.ts';
import { json, mutated, near, noise } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const PLAIN =
  '{"type":"backup.failed","id":"a-1","source":"/db","subject":"db1","time":"2026-11-23T09:00:00+08:00","data":{"n":1,"l":[true,null,"x"]},"region":"eu"}';
const CLOUD = `{"specversion":"1.0","id":"7","source":"/s","type":"x.y","datacontenttype":"application/json","data":{"a":1.5}}`;
const BASE64 =
  '{"specversion":"1.0","id":"7","source":"/s","type":"x.y","data_base64":"eyJhIjoxfQ==","datacontenttype":"application/json"}';
const WORDS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"type"',
  '"x"',
  '"id"',
  '"data"',
  '"__proto__"',
  '"time"',
  'null',
  '1',
  '"specversion":"1.0"',
  '"belfryhops":1',
];

const text = fc.oneof(
  { weight: 4, arbitrary: near(WORDS, [PLAIN, CLOUD, BASE64]) },
  { weight: 2, arbitrary: json.map((value) => JSON.stringify(value)) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('x', ''), json).map(([type, data]) => JSON.stringify({ type, data })),
  },
);

type Posted = Pick<PostedEvents, 'contentType' | 'headers'> & { readonly body: string };

const posted = (contentType: string, body: fc.Arbitrary<string>): fc.Arbitrary<Posted> =>
  body.map((given) => ({ contentType, headers: {}, body: given }));

type ParseEvents = typeof parseEvents;

/** Events that were read are valid, and stay the same when they are written and read again. */
function checkEvents(parsed: ParsedEvents): void {
  if (!parsed.ok) {
    assert.ok([400, 415].includes(parsed.status));
    assert.match(parsed.code, /^events\.[a-z_0-9]+$/);
    assert.ok(parsed.message.length > 0 && parsed.message.length < 500, 'a message is empty or long');
    return;
  }
  const { events: read } = parsed;
  assert.ok(read.length > 0 && read.length <= MAX_EVENTS);
  for (const event of read) {
    assert.equal(Object.getPrototypeOf(event), Object.prototype);
    assert.equal(excessOf(event.data, MAX_DEPTH), undefined, 'the data is beyond a limit');
    for (const name of ['type', 'id', 'source', 'subject', 'time'] as const) {
      const value = event[name];
      if (value === undefined && name !== 'type') continue;
      assert.ok(typeof value === 'string' && value !== '' && value.length <= MAX_ATTRIBUTE_LENGTH, name);
    }
  }
  const again = parseEvents({ contentType: 'application/json', headers: {}, body: JSON.stringify(read) });
  assert.ok(again.ok, 'events that were read are refused when they are posted again');
  assert.equal(JSON.stringify(again.events), JSON.stringify(read));
}

/** White space between the tokens of JSON changes nothing. */
function checkSpaces(parsed: ParsedEvents, { body, ...rest }: Posted): void {
  checkEvents(parsed);
  if (!parsed.ok || !isJson(body) || parseJson(body) !== JSON.parse(body)) return;
  const spaced = parseEvents({ ...rest, body: `\r\n\t ${JSON.stringify(JSON.parse(body), null, 3)} \n` });
  assert.deepEqual(spaced, parsed);
}

const reader = (
  name: string,
  generate: fc.Arbitrary<Posted>,
  check: typeof checkSpaces = checkEvents,
  parse: ParseEvents = parseEvents,
) => fuzzed({ name, generate, run: (input: Posted) => parse({ ...input, body: Buffer.from(input.body) }), check });

const header = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('1.0', '7', '/s', 'x.y', '2026-11-23T09:00:00Z', '%E2%82%AC', 'text/plain') },
  { weight: 2, arbitrary: noise },
);
const attributes = fc.constantFrom(
  'id',
  'source',
  'type',
  'time',
  'subject',
  '__proto__',
  'constructor',
  'event',
  'Aa',
  '',
);
const binary = fc
  .tuple(
    fc.array(fc.tuple(attributes, header), { maxLength: 8 }),
    text,
    fc.constantFrom('application/json', 'text/plain', ''),
  )
  .map(([pairs, body, contentType]) => {
    const base = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 'x' };
    const headers = Object.fromEntries(pairs.map(([name, value]) => [`ce-${name}`, value]));
    return { contentType, headers: { ...base, ...headers }, body };
  });

/** CloudEvents whose attributes are headers. */
export const binaryEvents = (parse: ParseEvents) => reader('cloudevent-binary', binary, checkEvents, parse);

const media = fc.oneof(
  fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', 'application/vnd.x+json', ''),
  mutated(['application/json; charset=utf-8', 'text/plain; charset="utf8"', 'application/cloudevents+json']),
);
const FORMS = ['a=1&b=2', 'payload={"a":1}', 'a=%00&a=%zz&__proto__=1', '+=&=&&'];

export const events = [
  reader('event', posted('application/json', text), checkSpaces),
  reader(
    'events-array',
    posted(
      'application/json',
      fc.array(text, { maxLength: 5 }).map((all) => `[${all.join(',')}]`),
    ),
    checkSpaces,
  ),
  reader(
    'events-ndjson',
    posted(
      'application/x-ndjson',
      fc.array(text, { maxLength: 5 }).map((all) => all.join('\n')),
    ),
  ),
  reader('cloudevent', posted('application/cloudevents+json', text), checkSpaces),
  reader(
    'cloudevents-batch',
    posted(
      'application/cloudevents-batch+json',
      fc.array(text, { maxLength: 5 }).map((all) => `[${all.join(',')}]`),
    ),
    checkSpaces,
  ),
  binaryEvents(parseEvents),
  reader(
    'events-media-type',
    fc.tuple(media, text).map(([contentType, body]) => ({ contentType, headers: {}, body })),
  ),
  fuzzed({
    name: 'hook-body',
    generate: fc.record({ type: media, body: fc.oneof(text, mutated(FORMS), noise), isUtf8: fc.boolean() }),
    run: ({ type, body, isUtf8 }) =>
      readBody(
        {
          method: 'POST',
          path: '/hooks/x',
          headers: { 'content-type': type },
          query: new URLSearchParams(),
          body: Buffer.from(body, isUtf8 ? 'utf8' : 'latin1'),
        } as unknown as Parameters<typeof readBody>[0],
        'payload',
      ),
    check(read) {
      if (read.ok) assert.equal(typeof (JSON.stringify(read.body) ?? undefined), 'string');
      else assert.ok([400, 413, 415].includes(read.answer.status));
    },
  }),
  fuzzed({
    name: 'json',
    generate: text,
    run: parseJson,
    refuses: (error) => error instanceof SyntaxError,
    // Numbers that would lose digits become texts, so that no number is changed.
    check(value) {
      assert.deepEqual(parseJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
    },
  }),
  fuzzed({
    name: 'hops',
    generate: fc.oneof(json, noise),
    run: readHops,
    check: (hops) => assert.ok(hops === undefined || (Number.isSafeInteger(hops) && hops >= 0)),
  }),
];
