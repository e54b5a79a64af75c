import { expect, test } from 'vitest';
import { canaryStep, type CanaryProgress, type CanaryState } from '../../../daemon/core/delivery/canary.ts';
import { compileText, placesOf, problemsOf, rulesetOf } from '../../support/compile.ts';
import { lintSteps } from '../../../daemon/core/compile/lint/lint.ts';
import { tools } from '../../support/rule-types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SENT = Date.parse('2026-11-23T09:00:00Z');

/** Step after `age` milliseconds, of a canary each day that must be delivered within 15 minutes. */
function step(age: number, state: Partial<CanaryState> | undefined, progress?: CanaryProgress): string {
  const full = state && { sentAt: SENT, fingerprint: 'f', ...state };
  const at = { now: SENT + age, fingerprint: 'f' };
  const { kind } = canaryStep({ every: DAY, within: 15 * MINUTE }, full, progress, at);
  return kind;
}

test.each<readonly [string, number, Partial<CanaryState> | undefined, CanaryProgress | undefined, string]>([
  ['the first one', 0, undefined, undefined, 'send'],
  ['one that is due', DAY, {}, undefined, 'send'],
  ['one that is not due', DAY - 1, {}, undefined, 'wait'],
  ['one that is waited for', 15 * MINUTE - 1, { waitsFor: 'd' }, { kind: 'pending' }, 'wait'],
  ['one that was waited for too long', 15 * MINUTE, { waitsFor: 'd' }, { kind: 'pending' }, 'missed'],
  ['one that was delivered', MINUTE, { waitsFor: 'd' }, { kind: 'delivered' }, 'confirmed'],
  ['one that was delivered while the daemon was stopped', DAY, { waitsFor: 'd' }, { kind: 'delivered' }, 'confirmed'],
  ['one that ended', MINUTE, { waitsFor: 'd' }, { kind: 'ended', reason: 'refused' }, 'missed'],
  ['the next one after a missed one', HOUR, { missedSince: SENT }, undefined, 'send'],
  ['the next one after a missed one, too early', HOUR - 1, { missedSince: SENT }, undefined, 'wait'],
  ['one after an edit of a channel that missed one', 1, { missedSince: SENT, fingerprint: 'g' }, undefined, 'send'],
  ['one after an edit of a channel that works', 1, { fingerprint: 'g' }, undefined, 'wait'],
  ['one after a small step back of the clock', -MINUTE, {}, undefined, 'wait'],
  ['one after a step back of the clock by a year', -365 * DAY, {}, undefined, 'send'],
  ['one that was waited for at such a step', -365 * DAY, { waitsFor: 'd' }, { kind: 'pending' }, 'send'],
])('%s', (_what, age, state, progress, expected) => {
  expect(step(age, state, progress)).toBe(expected);
});

test('`canary` is a duration or a map, and has 15 minutes or less to be delivered', () => {
  const of = (canary: string) =>
    rulesetOf(`channels:\n  a: { type: sink, canary: ${canary} }\n  b: { type: sink }\n`).channels.get('a')!.canary;
  expect(of('1d')).toEqual({ every: DAY, within: 15 * MINUTE });
  expect(of('5m')).toEqual({ every: 5 * MINUTE, within: 5 * MINUTE });
  expect(of('{ every: 1d, within: 1h, notify: b, to: ops }')).toEqual({
    every: DAY,
    within: HOUR,
    notify: 'b',
    to: ['ops'],
  });
});

test('an edit of the canary does not restart the channel', () => {
  const of = (canary: string) => rulesetOf(`channels:\n  a: { type: sink${canary} }\n`).channels.get('a')!.fingerprint;
  expect(of('')).toBe(of(', canary: 1d'));
});

test.each([
  ['10s', '1:38 channel.canary'],
  ['{ every: 1h, within: 2h }', '1:59 channel.canary'],
  ['{ every: 1h, notify: a }', '1:59 channel.canary'],
  ['{ every: 1h, notify: nobody }', '1:59 channel.unknown_channel'],
  ['{ within: 5m }', '1:30 schema.missing'],
  ['soon', '1:38 value.format'],
])('`canary: %s` has one problem', (canary, place) => {
  expect(placesOf(problemsOf(`channels: { a: { type: sink, canary: ${canary} } }\n`))).toEqual([place]);
});

test.each([
  ['1d', '', 1],
  ['{ every: 1d, notify: b }', '', 0],
  ['1d', ', delivery: { fallback: b }', 0],
])('`check` warns of `canary: %s`%s whose absence nobody would see: %i', (canary, more, count) => {
  const text = `channels:\n  a: { type: sink, canary: ${canary}${more} }\n  b: { type: sink }\n`;
  expect(warningsOf(text)).toHaveLength(count);
  const rule = 'rules: [{ name: r, on: belfry, match: { type: belfry.channel.canary_missed }, notify: b }]\n';
  expect(warningsOf(text + rule)).toEqual([]);
});

function warningsOf(text: string): readonly unknown[] {
  const steps = lintSteps([compileText(text)], tools);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}
