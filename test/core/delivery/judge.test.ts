import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt, Delivery, DeliveryPolicy } from '../../../daemon/core/delivery/delivery.ts';
import { type FailureDetail, SendFailure } from '../../../daemon/core/problems/failure.ts';
import { type Case, judge, MAX_RETRY_AFTER_MS, type Judgement } from '../../../daemon/core/delivery/judge.ts';
import { sampleDelivery } from '../../support/delivery.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');
const HOUR = 3_600_000;
const policy: DeliveryPolicy = {
  timeout: 10_000,
  retry: [5000, 30_000, 120_000],
  giveUpAfter: 24 * HOUR,
  concurrency: 4,
  order: 'none',
  onUnknown: 'dead',
  paused: false,
};

const attempts = (count: number, probe = false): readonly Attempt[] =>
  Array.from({ length: count }, () => ({
    at: '2026-11-23T09:00:00Z',
    ms: 1,
    class: 'transient' as const,
    code: 'x',
    ...(probe && { probe }),
  }));

const failure = (of: 'transient' | 'permanent' | 'unknown', detail: FailureDetail = {}) =>
  new SendFailure(of, `test.${of}`, 'it went wrong', detail);

function verdict(failed: SendFailure, more: Partial<Case> & { delivery?: Delivery } = {}): Judgement {
  const delivery = sampleDelivery({ createdAt: NOW });
  return judge({
    delivery,
    outcome: { kind: 'failed', failure: failed },
    policy,
    now: NOW,
    random: () => 0.5,
    probe: false,
    ...more,
  });
}

test('delivered stays delivered, and handed over awaits its receipt', () => {
  const base = { delivery: sampleDelivery(), policy, now: NOW, random: () => 0, probe: false };
  expect(judge({ ...base, outcome: { kind: 'delivered', receipt: { id: 'r' } } })).toEqual({
    kind: 'delivered',
    receipt: { id: 'r' },
  });
  expect(judge({ ...base, outcome: { kind: 'handover', until: 5 } })).toEqual({ kind: 'awaiting', until: 5 });
});

test.each([
  [0, 5000],
  [1, 30_000],
  [2, 120_000],
])('after %i attempts before it, a transient failure waits %i ms', (before, wait) => {
  const delivery = sampleDelivery({ createdAt: NOW, attempts: attempts(before) });
  expect(verdict(failure('transient'), { delivery })).toEqual({ kind: 'retry', at: NOW + wait });
});

test('when the schedule is used up it is dead as exhausted, with the response of the provider', () => {
  const delivery = sampleDelivery({ createdAt: NOW, attempts: attempts(3) });
  expect(verdict(failure('transient', { status: 503, body: 'busy' }), { delivery })).toEqual({
    kind: 'dead',
    class: 'exhausted',
    error: { code: 'test.transient', message: 'it went wrong', status: 503, body: 'busy' },
  });
  expect(verdict(failure('transient'), { policy: { ...policy, retry: [] } })).toMatchObject({
    kind: 'dead',
    class: 'exhausted',
  });
});

test('probes of a breaker do not count in the schedule', () => {
  const delivery = sampleDelivery({ createdAt: NOW, attempts: [...attempts(1), ...attempts(50, true)] });
  expect(verdict(failure('transient'), { delivery })).toEqual({ kind: 'retry', at: NOW + 30_000 });
  expect(verdict(failure('transient'), { delivery, probe: true })).toEqual({ kind: 'retry', at: NOW });
  const used = sampleDelivery({ createdAt: NOW, attempts: attempts(3) });
  expect(verdict(failure('transient'), { delivery: used, probe: true })).toEqual({ kind: 'retry', at: NOW });
});

test('it is dead after `give_up_after`, also for a probe', () => {
  const delivery = sampleDelivery({ createdAt: NOW - 24 * HOUR });
  expect(verdict(failure('transient'), { delivery })).toMatchObject({ kind: 'dead', class: 'exhausted' });
  expect(verdict(failure('transient'), { delivery, probe: true })).toMatchObject({ kind: 'dead', class: 'exhausted' });
});

test('a wait beyond `give_up_after` is shortened to it, so that a last attempt is made', () => {
  const delivery = sampleDelivery({ createdAt: NOW - 24 * HOUR + 1000 });
  expect(verdict(failure('transient'), { delivery })).toEqual({ kind: 'retry', at: NOW + 1000 });
});

test('a rate limit without a duration is retried after a minute', () => {
  expect(verdict(failure('transient', { rateLimited: true }))).toEqual({ kind: 'retry', at: NOW + 60_000 });
  expect(verdict(failure('transient', { rateLimited: true, retryAfter: 0 }))).toEqual({
    kind: 'retry',
    at: NOW + 5000,
  });
});

test('Retry-After is respected beyond the schedule and `give_up_after`, up to 24 h', () => {
  expect(verdict(failure('transient', { retryAfter: 60_000 }))).toEqual({ kind: 'retry', at: NOW + 60_000 });
  expect(verdict(failure('transient', { retryAfter: 1 }))).toEqual({ kind: 'retry', at: NOW + 5000 });
  const late = sampleDelivery({ createdAt: NOW - 23 * HOUR });
  expect(verdict(failure('transient', { retryAfter: 2 * HOUR }), { delivery: late })).toEqual({
    kind: 'retry',
    at: NOW + 2 * HOUR,
  });
  expect(verdict(failure('transient', { retryAfter: 1000 * HOUR }))).toEqual({
    kind: 'retry',
    at: NOW + MAX_RETRY_AFTER_MS,
  });
  expect(verdict(failure('transient', { retryAfter: 60_000 }), { probe: true })).toEqual({
    kind: 'retry',
    at: NOW + 60_000,
  });
});

test('a retry after the expiry is dead as expired at once', () => {
  const delivery = sampleDelivery({ createdAt: NOW, expiresAt: NOW + 5000 });
  expect(verdict(failure('transient'), { delivery })).toMatchObject({ kind: 'dead', class: 'expired' });
  expect(verdict(failure('transient'), { delivery: { ...delivery, expiresAt: NOW + 5001 } })).toMatchObject({
    kind: 'retry',
  });
});

test('an unknown outcome follows the policy', () => {
  expect(verdict(failure('unknown'))).toMatchObject({ kind: 'dead', class: 'unknown' });
  expect(verdict(failure('unknown'), { policy: { ...policy, onUnknown: 'retry' } })).toEqual({
    kind: 'retry',
    at: NOW + 5000,
  });
});

test('an unexpected error is dead as internal', () => {
  const outcome = { kind: 'bug', error: new TypeError('x is undefined') } as const;
  expect(judge({ delivery: sampleDelivery(), outcome, policy, now: NOW, random: () => 0, probe: false })).toEqual({
    kind: 'dead',
    class: 'internal',
    error: { code: 'internal', message: 'x is undefined' },
  });
});

const anyCase = fc.record({
  before: fc.nat({ max: 6 }),
  age: fc.nat({ max: 30 * HOUR }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  retryAfter: fc.option(fc.nat({ max: 48 * HOUR }), { nil: undefined }),
  ttl: fc.option(fc.integer({ min: 1, max: 30 * HOUR }), { nil: undefined }),
  probe: fc.boolean(),
  onUnknown: fc.constantFrom('retry' as const, 'dead' as const),
});

test('a permanent failure is never retried', () => {
  fc.assert(
    fc.property(anyCase, ({ before, age, random, retryAfter, probe, onUnknown }) => {
      const delivery = sampleDelivery({ createdAt: NOW - age, attempts: attempts(before) });
      const failed = failure('permanent', retryAfter === undefined ? {} : { retryAfter });
      expect(
        verdict(failed, { delivery, random: () => random, probe, policy: { ...policy, onUnknown } }),
      ).toMatchObject({ kind: 'dead', class: 'permanent' });
    }),
  );
});

test('a retry respects the schedule, the expiry and the provider; everything else is dead', () => {
  fc.assert(
    fc.property(anyCase, ({ before, age, random, retryAfter, ttl, probe, onUnknown }) => {
      const delivery = sampleDelivery({
        createdAt: NOW - age,
        attempts: attempts(before),
        ...(ttl !== undefined && { expiresAt: NOW - age + ttl }),
      });
      const failed = failure('transient', retryAfter === undefined ? {} : { retryAfter });
      const result = verdict(failed, { delivery, random: () => random, probe, policy: { ...policy, onUnknown } });
      if (result.kind !== 'retry') {
        expect(result.kind).toBe('dead');
        return;
      }
      const asked = Math.min(retryAfter ?? 0, MAX_RETRY_AFTER_MS);
      expect(result.at).toBeGreaterThanOrEqual(NOW + asked);
      expect(age).toBeLessThan(24 * HOUR);
      if (!probe) {
        expect(before).toBeLessThan(policy.retry.length);
        expect(result.at - NOW).toBeLessThanOrEqual(Math.max(asked, policy.retry[before]! * 1.2 + 1));
        if (24 * HOUR - age > policy.retry[before]! * 1.2)
          expect(result.at - NOW).toBeGreaterThanOrEqual(policy.retry[before]! * 0.8 - 1);
      }
      if (delivery.expiresAt !== undefined) expect(result.at).toBeLessThan(delivery.expiresAt);
    }),
    { numRuns: 1000 },
  );
});
