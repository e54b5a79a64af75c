import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readPress } from '../../../../daemon/channels/chat/slack/press.ts';
import { readQuery as readTelegramQuery } from '../../../../daemon/channels/chat/telegram/query.ts';
import { readSilencePlan, readSilenceRequest } from '../../../../daemon/core/alerts/silence-request.ts';
import { typeTest } from '../../../../daemon/core/match/type-filter.ts';
import { DEAD_FILTERS } from '../../../../daemon/core/values/dead-filters.ts';
import { DELIVERY_QUERY, EVENT_FILTERS } from '../../../../daemon/core/values/history-filters.ts';
import { HttpProblem } from '../../../../daemon/http/problem.ts';
import { readFields } from '../../../../daemon/http/request/fields.ts';
import { readQuery } from '../../../../daemon/http/request/query.ts';
import { positionOf, readFrame } from '../../../../daemon/http/stream/frames.ts';
import { Secret } from '../../../../daemon/lib/secrets/secret.ts';
import { openVerification } from '../../../../daemon/sources/webhook/verify/index.ts';
import { json, near, noise } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const isRefusal = (error: unknown): boolean => error instanceof HttpProblem && error.status === 400;
const FRAMES = ['{"type":"ack","seq":7}', '{"type":"resume","epoch":"e1","seq":0}', '{"type":"ping"}'];
const QUERIES = [
  'since=2h&limit=50&order=asc&type=x.*',
  'state=dead,held&channel=ops&cursor=ZGVzYy4x',
  'text=%F0%9F%98%80&source=a',
];
const QUERY_WORDS = [
  'since',
  'until',
  'limit',
  'cursor',
  'order',
  'text',
  'state',
  'class',
  '=',
  '&',
  '+',
  '%',
  '2h',
  '1',
  'asc',
  'dead',
  ',',
  '__proto__',
  'constructor',
];
const NOW = Date.UTC(2026, 10, 23);

const filters = { events: EVENT_FILTERS, deliveries: DELIVERY_QUERY, dead: DEAD_FILTERS } as const;
const keys = [new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')];
/** Settings of each scheme of `verify`. */
const SCHEMES: readonly Readonly<Record<string, unknown>>[] = [
  { bearer: keys },
  { basic: keys },
  { hmac: { header: 'X-Signature', algorithm: 'sha256', encoding: 'hex', prefix: '', secret: keys } },
  { github: keys },
  { gitlab: keys },
  { slack: keys },
  { stripe: keys },
  { standard_webhooks: keys },
  { dingtalk: keys },
  { feishu: keys },
];
const HEADERS = [
  'authorization',
  'x-signature',
  'x-hub-signature-256',
  'x-gitlab-token',
  'x-slack-signature',
  'x-slack-request-timestamp',
  'stripe-signature',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'timestamp',
  'sign',
  'x-lark-signature',
];
const SIGNATURE_WORDS = [
  'Bearer ',
  'Basic ',
  'sha256=',
  'v0=',
  'v1,',
  't=',
  'v1=',
  ',',
  ' ',
  '=',
  '1795392000',
  'AAAA',
  'é',
  'ffff',
  '0'.repeat(64),
  ':',
];
const signature = near(SIGNATURE_WORDS, ['t=1795392000,v1=00', 'Basic dTpw', `sha256=${'0'.repeat(64)}`]);

const silence = fc.oneof(
  json,
  fc.record(
    {
      match: fc.oneof(fc.constantFrom({ rule: 'x' }, { 'data.a': { regex: '(' } }), json),
      for: near(['1', 'h', 'd', '9999999999'], ['2h']),
      from: near(['2026', '-'], ['2026-11-23T09:00', '9999-12-31']),
      until: near(['2026', '-'], ['2026-11-24T09:00', '0000-01-01']),
      timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'x', ''),
      reason: noise,
      by: noise,
    },
    { requiredKeys: [] },
  ),
);

export const clients = [
  fuzzed({
    name: 'websocket-message',
    generate: fc.oneof(
      near(['{', '}', '"type"', ':', ',', '"ack"', '"resume"', '"seq"', '"epoch"', '1', '-1', '1e3'], FRAMES),
      json.map((value) => JSON.stringify(value)),
    ),
    run: readFrame,
    check(frame) {
      if (frame !== undefined && 'seq' in frame) assert.ok(Number.isSafeInteger(frame.seq) && frame.seq >= 0);
    },
  }),
  fuzzed({
    name: 'last-event-id',
    generate: near(['e', ':', '1', '-1', '.', ' '], ['019aaf2e:17', 'a:0']),
    run: (text) => positionOf(...(text.split(':') as [string, string | undefined])),
    check: (position) =>
      assert.ok(position === undefined || (position.epoch !== '' && Number.isSafeInteger(position.seq))),
  }),
  ...Object.entries(filters).map(([name, declared]) =>
    fuzzed({
      name: `query-${name}`,
      generate: near(QUERY_WORDS, QUERIES),
      run: (text) => readQuery(new URLSearchParams(text), declared),
      refuses: isRefusal,
      check(values) {
        assert.ok(Object.keys(values).every((each) => Object.hasOwn(declared, each)));
        // The store uses what was read without another check.
        if ('type' in values) assert.equal(typeof typeTest(values.type as string)('x'), 'boolean');
      },
    }),
  ),
  fuzzed({
    name: 'fields',
    generate: fc.oneof(json, fc.dictionary(fc.constantFrom('since', 'limit', 'order', '__proto__', 'x'), noise)),
    run: (body) => readFields(body, EVENT_FILTERS, 'x.invalid'),
    refuses: isRefusal,
  }),
  fuzzed({
    name: 'silence',
    generate: silence,
    run: (body) => [readSilenceRequest(body, 'id', NOW), readSilencePlan(body, 'id', NOW)],
    check(read) {
      for (const one of read) {
        if (one.ok) assert.equal(typeof JSON.stringify(one.given), 'string');
        else
          for (const { pointer, message, mend } of one.problems)
            assert.ok(message !== '' && mend !== '' && (pointer === '' || pointer.startsWith('/')));
      }
    },
  }),
  fuzzed({
    name: 'webhook-signature',
    generate: fc.record({
      setting: fc.constantFrom(...SCHEMES),
      headers: fc.array(fc.tuple(fc.constantFrom(...HEADERS), signature), { maxLength: 6 }),
      body: fc.oneof(
        json.map((value) => JSON.stringify(value)),
        noise,
      ),
      query: near(QUERY_WORDS, QUERIES),
    }),
    run({ setting, headers, body, query }) {
      const verification = openVerification(setting)!;
      const request = {
        method: 'POST',
        path: '/hooks/x',
        query: new URLSearchParams(query),
        headers: Object.fromEntries(headers),
        body: Buffer.from(body),
        remote: '192.0.2.1',
      };
      return verification.verify(request, NOW);
    },
    // The key has signed none of these.
    check: (proof) => assert.ok(proof === undefined, 'a signature that nobody made is accepted'),
  }),
  fuzzed({
    name: 'slack-press',
    generate: fc.oneof(
      json,
      fc.record(
        { type: fc.constant('block_actions'), actions: fc.array(json), user: json, channel: json, message: json },
        { requiredKeys: [] },
      ),
    ),
    run: readPress,
  }),
  fuzzed({
    name: 'telegram-press',
    generate: fc.oneof(
      json,
      fc.record({ id: fc.constant('1'), from: json, data: fc.oneof(noise, json), message: json }, { requiredKeys: [] }),
    ),
    run: readTelegramQuery,
  }),
];
