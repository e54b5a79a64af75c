import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { dedupe } from '../../../daemon/core/flow/steps/dedupe.ts';
import type { Memory } from '../../../daemon/core/flow/decision.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { groupOf, type Step, type StepResult } from '../../../daemon/core/flow/step.ts';
import { throttle } from '../../../daemon/core/flow/steps/throttle.ts';
import { rulesetOf } from '../../support/compile.ts';

const event: Event = { id: 'e', source: 'api', type: 't', time: '2026-11-23T09:00:00Z', data: {} };
const { rules } = rulesetOf('channels: { ops: { type: sink } }\nrules: [{ name: r, notify: ops }]');

/** One run of a step that remembers this. */
function run(step: Step, settings: unknown, state: unknown, now: number): StepResult {
  const memory: Memory = { read: () => state, each: () => [] };
  return step.run(settings, groupOf(event), { rule: rules[0]!, key: 'k', ruleset: rulesetOf(''), memory, now });
}

/** Runs a step over some times (milliseconds); `true` where it let through. Forgets what has expired, as a store may. */
function passages(step: Step, settings: unknown, times: readonly number[]): boolean[] {
  let row: { value: unknown; expires: number } | undefined;
  return times.map((now) => {
    const result = run(step, settings, row !== undefined && row.expires > now ? row.value : undefined, now);
    if (result.rows !== undefined) row = result.rows[0];
    return result.kind === 'pass';
  });
}

test('dedupe: a window begins with the one that passed, and repeats do not prolong it', () => {
  expect(passages(dedupe, 100, [0, 1, 60, 99, 100, 150, 199, 200])).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});

test('dedupe: the window is over at its end, also if its row still exists', () => {
  expect(run(dedupe, 100, { since: 0 }, 99)).toMatchObject({ kind: 'stop', until: 100 });
  expect(run(dedupe, 100, { since: 0 }, 100)).toEqual({
    kind: 'pass',
    rows: [{ value: { since: 100 }, expires: 200 }],
  });
});

test('dedupe gives the end of the window and the reason', () => {
  expect(run(dedupe, 600_000, { since: 1000 }, 2000)).toEqual({
    kind: 'stop',
    outcome: 'deduplicated',
    reason: 'the same key within 10m',
    until: 601_000,
  });
});

test('throttle: at most `max` in any window', () => {
  const times = [0, 10, 20, 99, 100, 105, 110, 111];
  expect(passages(throttle, { max: 2, per: 100 }, times)).toEqual([true, true, false, false, true, false, true, false]);
});

test('throttle gives the time at which the next event may pass', () => {
  const state = { at: [1000, 5000] };
  expect(run(throttle, { max: 2, per: 60_000 }, state, 6000)).toMatchObject({
    kind: 'stop',
    outcome: 'throttled',
    until: 61_000,
  });
  expect(run(throttle, { max: 2, per: 60_000 }, state, 60_999)).toMatchObject({ kind: 'stop' });
  expect(run(throttle, { max: 2, per: 60_000 }, state, 61_000)).toMatchObject({ kind: 'pass' });
});

test('a smaller limit applies at once', () => {
  expect(run(throttle, { max: 1, per: 100 }, { at: [0, 10, 20] }, 90)).toMatchObject({ kind: 'stop', until: 120 });
});

test('a clock that was set back by far does not delay events', () => {
  const day = 86_400_000;
  expect(passages(dedupe, 100, [day, 0])).toEqual([true, true]);
  expect(passages(throttle, { max: 1, per: 100 }, [day, 0])).toEqual([true, true]);
});

const times = fc.array(fc.nat({ max: 50 }), { maxLength: 60 }).map((steps) => {
  let now = 0;
  return steps.map((step) => (now += step));
});

test('throttle never lets more than the limit pass in a window, and drops no event below the limit', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 200 }), (at, max, per) => {
      const passed = passages(throttle, { max, per }, at);
      at.forEach((now, index) => {
        const before = at.filter((time, other) => other < index && passed[other] && time > now - per).length;
        expect(passed[index]).toBe(before < max);
      });
    }),
  );
});

test('dedupe drops only events within the window of an event that passed', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 200 }), (at, window) => {
      const passed = passages(dedupe, window, at);
      at.forEach((now, index) => {
        const near = at.some((time, other) => other < index && passed[other] && now - time < window);
        expect(passed[index]).toBe(!near);
      });
    }),
  );
});
