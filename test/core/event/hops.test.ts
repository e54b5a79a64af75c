import { expect, test } from 'vitest';
import { deathNotice } from '../../../daemon/core/delivery/fallback.ts';
import type { Delivery } from '../../../daemon/core/delivery/delivery.ts';
import { parseEvents } from '../../../daemon/core/event/cloudevents.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { hopsAfter, MAX_HOPS, readHops, withHops } from '../../../daemon/core/event/hops.ts';
import { RuleErrorLimit } from '../../../daemon/core/event/rule-errors.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import { explain, NO_MEMORY } from '../../../daemon/core/explain/explain.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { rulesetOf } from '../../support/compile.ts';
import { CoreRunner } from '../../support/core-runner.ts';

const START = Date.parse('2026-11-23T09:00:00Z');
const event = (more: object = {}): Event => ({ id: 'e', source: 'api', type: 't', time: '', data: null, ...more });
const RULES = `channels: { ops: { type: sink } }
rules:
  - { name: all, notify: ops }
  - { name: ends, resolve: { match: { type: t } }, match: { type: begins }, notify: ops }
  - { name: off, enabled: false, notify: ops }
`;

const decisionFor = (one: Event) => {
  const ruleset = rulesetOf(RULES);
  const context = { ruleset, now: START, memory: NO_MEMORY, newId: () => 'd' };
  return decide(one, select(one, ruleset, START), context);
};

test('hops are read as a number or as text, and of several the highest counts', () => {
  expect([0, 3, '7', ' 7 ', '2, 9,1', '999999999999'].map(readHops)).toEqual([0, 3, 7, 7, 9, 1_000_000]);
  for (const wrong of [-1, 1.5, '', 'x', '1,', '-2', '1e3', null, undefined, {}, [3]])
    expect(readHops(wrong)).toBeUndefined();
});

test('what an event says about its hops can only be raised', () => {
  const given = event({ belfryhops: 4 });
  expect(withHops(given, 2)).toBe(given);
  expect(withHops(given, 5)).toMatchObject({ belfryhops: 5 });
  expect(withHops(event(), 0)).not.toHaveProperty('belfryhops');
});

test('a posted event may give its hops as a number, and in the binary mode of CloudEvents as text', () => {
  const plain = (body: object) => parseEvents({ contentType: undefined, headers: {}, body: JSON.stringify(body) });
  expect(plain({ type: 't', belfryhops: 3 })).toMatchObject({ ok: true, events: [{ belfryhops: 3 }] });
  const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 's', 'ce-type': 't', 'ce-belfryhops': '4' };
  const binary = parseEvents({ contentType: 'application/json', headers, body: '{}' });
  expect(binary).toMatchObject({ ok: true, events: [{ belfryhops: 4 }] });
  expect(plain({ type: 't', belfryhops: 'many' })).toMatchObject({ ok: false, status: 400, pointer: '/belfryhops' });
});

test('the rules run up to the tenth hop; beyond it each rule that would run has an error, and sends nothing', () => {
  const last = decisionFor(event({ belfryhops: MAX_HOPS }));
  expect([last.results.map(({ outcome }) => outcome), last.deliveries.length]).toEqual([['notified', 'disabled'], 1]);
  const over = decisionFor(event({ belfryhops: MAX_HOPS + 1 }));
  const reason = 'stopped by the loop guard: its cause has come through 11 channels, and more than 10 are a loop';
  expect(over.results).toContainEqual({ rule: 'all', key: 'api|t|', outcome: 'error', errors: [reason] });
  expect(over.results).toContainEqual({ rule: 'off', outcome: 'disabled' });
  expect([over.deliveries, over.states]).toEqual([[], []]);
});

test('the rules run for every event of the daemon itself, so that a loop can be reported', () => {
  expect(decisionFor(event({ source: 'belfry', belfryhops: 11 })).deliveries).toHaveLength(1);
});

test('explain says that the loop guard stops an event', () => {
  const ruleset = rulesetOf(RULES);
  const context = { ruleset, now: START, memory: NO_MEMORY, newId: () => 'd' };
  const { rules } = explain(event({ belfryhops: 12 }), context);
  expect(rules[0]).toMatchObject({
    outcome: 'error',
    reason: expect.stringContaining('through 12 channels'),
    sends: [],
  });
});

test('a digest passes on the hops of the event that has most, and a single event its own', () => {
  const runner = new CoreRunner('rules: [{ name: r, key: k, digest: { wait: 1m }, notify: ops }]');
  for (const belfryhops of [2, 7, 1]) runner.take({}, { belfryhops });
  runner.wait(60_000);
  expect(runner.deliveries.map(hopsAfter)).toEqual([8]);
});

test('the event about a dead delivery keeps the hops of its cause', () => {
  const delivery = { id: 'd', event: event({ belfryhops: 3 }), message: {}, createdAt: START } as unknown as Delivery;
  const reason = { class: 'permanent', error: { code: 'http.404', message: 'not found' } } as const;
  expect(deathNotice(delivery, reason, { attempts: 1, fallback: undefined })).toMatchObject({ belfryhops: 3 });
});

test('the end of a loop is reported, but not that of what the report itself has caused', () => {
  const limit = new RuleErrorLimit();
  const result = { rule: 'all', key: '', outcome: 'error', errors: ['stopped'] } as const;
  expect(limit.noticeOf(event({ belfryhops: 11 }), result, 0)).toMatchObject({ belfryhops: 11 });
  expect(limit.noticeOf(event({ belfryhops: 12 }), { ...result, rule: 'other' }, 0)).toBeUndefined();
});
