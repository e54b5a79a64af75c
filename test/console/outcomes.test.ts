import { expect, test } from 'vitest';
import { differsToday, isNear, storiesOf } from '../../console/pages/events/outcomes.ts';
import type { EventView, ExplanationView } from '../../daemon/http/views.ts';

const row = (path: string, holds: boolean) => ({ path, operator: 'equals', expected: 1, actual: 2, holds });
const rule = (name: string, outcome: string, ...conditions: ReturnType<typeof row>[]) => ({
  rule: name,
  outcome,
  conditions,
  sends: [],
});
const explanation = (...rules: ReturnType<typeof rule>[]) => ({ rules }) as unknown as ExplanationView;
const event = (outcomes: Record<string, string>, more: object = {}): EventView =>
  ({ id: 'e', source: 'api', type: 't', time: '', received_at: '', outcomes, results: [], ...more }) as EventView;

test('rules with an outcome come first, then the nearest misses', () => {
  const today = explanation(
    rule('far', 'no_match', row('on', true), row('type', false), row('data.a', false)),
    rule('near', 'no_match', row('on', true), row('type', true), row('data.a', false)),
    rule('sent', 'throttled', row('on', true)),
  );
  const stories = storiesOf(event({ sent: 'notified' }), today);
  expect(stories.map(({ rule }) => rule)).toEqual(['sent', 'near', 'far']);
  expect(stories.map(isNear)).toEqual([true, true, false]);
});

test('a rule about another type of events is no near miss, however few conditions it has', () => {
  const [other] = storiesOf(event({}), explanation(rule('other', 'no_match', row('on', true), row('type', false))));
  expect(isNear(other!)).toBe(false);
});

test('a rule that matched then and does not today differs, a window that has moved on does not', () => {
  const stories = storiesOf(
    event({ sent: 'notified', gone: 'notified', edited: 'notified' }),
    explanation(rule('sent', 'throttled'), rule('edited', 'no_match', row('data.a', false)), rule('new', 'notified')),
  );
  expect(Object.fromEntries(stories.map((story) => [story.rule, differsToday(story)]))).toEqual({
    sent: false,
    gone: true,
    edited: true,
    new: true,
  });
});

test('the last result says why, the outcomes before it are kept', () => {
  const later = [{ rule: 'slow', outcome: 'notified', at: '2026-11-30T09:00:00Z', reason: 'after 10m' }];
  const results = [{ rule: 'slow', outcome: 'waiting', reason: 'for 10m' }];
  const [story] = storiesOf(event({ slow: 'notified' }, { results, later, earlier: { slow: ['waiting'] } }), undefined);
  expect(story).toMatchObject({ outcome: 'notified', earlier: ['waiting'], result: { reason: 'after 10m' } });
});
