import { expect, test } from 'vitest';
import { layersOf, totalsText } from '../../console/pages/rules/activity.ts';
import { commonFolder, entriesOf } from '../../console/pages/rules/entries.ts';
import type { RuleView } from '../../daemon/http/views.ts';

const rule = (name: string, more: Partial<RuleView> = {}): RuleView => ({
  name,
  file: '/rules/a.yaml',
  line: 1,
  state: 'live',
  channels: ['ops'],
  flow: {},
  outcomes: [],
  waiting: 0,
  alerts: { firing: 0, acknowledged: 0 },
  ...more,
});

test('the outcomes of a day are bars by hour and tone, the latest last, and the same in words', () => {
  const outcomes = [
    { at: '2026-11-22T10:00:00.000Z', counts: { notified: 9 } },
    { at: '2026-11-23T08:00:00.000Z', counts: { notified: 1, throttled: 5 } },
    { at: '2026-11-23T09:00:00.000Z', counts: { notified: 2, error: 1 } },
  ];
  const layers = layersOf({ outcomes }, Date.parse('2026-11-23T09:59:00Z'));
  const last = (tone: string): unknown => layers.find((layer) => layer.tone === tone)?.values.slice(-2);
  expect(layers.every(({ values }) => values.length === 24)).toBe(true);
  expect(layers.find(({ tone }) => tone === 'ok')!.values[0]).toBe(9);
  expect([last('ok'), last('quiet'), last('bad')]).toEqual([
    [1, 2],
    [5, 0],
    [0, 1],
  ]);
  expect(totalsText({ outcomes })).toBe('notified 12, throttled 5, error 1');
});

test('rules are filtered by any of their texts, their state and an outcome, and stand below their files', () => {
  const rules = [
    rule('disk', { match: 'type: disk.usage', state: 'kept' }),
    rule('login', { outcomes: [{ at: '2026-11-23T08:00:00.000Z', counts: { throttled: 1 } }] }),
    rule('web', { file: '/rules/sub/b.yaml', channels: ['phone'] }),
  ];
  const shown = (query: Parameters<typeof entriesOf>[1]): readonly string[] =>
    entriesOf(rules, query).map((entry) => (entry.kind === 'file' ? entry.file : entry.rule.name));
  expect(shown({})).toEqual(['/rules/a.yaml', 'disk', 'login', '/rules/sub/b.yaml', 'web']);
  expect(shown({ text: 'DISK.us' })).toEqual(['/rules/a.yaml', 'disk']);
  expect(shown({ text: 'phone' })).toEqual(['/rules/sub/b.yaml', 'web']);
  expect(shown({ state: 'kept' })).toEqual(['/rules/a.yaml', 'disk']);
  expect(shown({ outcome: 'throttled' })).toEqual(['/rules/a.yaml', 'login']);
  expect(shown({ file: '/rules/sub/b.yaml' })).toEqual(['/rules/sub/b.yaml', 'web']);
  expect(commonFolder(rules.map(({ file }) => file))).toBe('/rules/');
  expect(commonFolder(['/a/x.yaml', '/b/x.yaml'])).toBe('/');
});
