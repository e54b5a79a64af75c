import { expect, test } from 'vitest';
import type { RuleView } from '../../../../daemon/http/daemon-api.ts';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener } from '../../../support/listener.ts';

const rule = (name: string): RuleView => ({
  name,
  file: '/etc/belfry/rules.yaml',
  line: 12,
  state: 'live',
  channels: ['ops', 'mail'],
  flow: {},
  last_match: '2026-11-23T09:00:00.000Z',
  outcomes: [
    { at: '2026-11-23T08:00:00.000Z', counts: { notified: 1, deduplicated: 2 } },
    { at: '2026-11-23T09:00:00.000Z', counts: { notified: 2 } },
  ],
  waiting: 0,
  alerts: { firing: 0, acknowledged: 0 },
});

test('rules of all pages are one table, or one line of JSON each', async () => {
  const to = await openTestListener();
  const all = [rule('a'), rule('b\u001B[31m'), rule('c')];
  to.daemon.rules = {
    ...to.daemon.rules,
    page: async ({ from }) => ({
      generation: 3,
      total: 3,
      rules: all.slice(from, from + 2),
      next: from === 0 ? '2' : null,
      problems: [],
    }),
  };
  const { code, stdout } = await belfry(to, ['rules']);
  expect(code).toBe(0);
  expect(stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
    ['RULE', 'PLACE', 'STATE', 'CHANNELS', 'LAST MATCH', 'LAST NOTIFIED', 'LAST 24 H'],
    ...['a', 'b [31m', 'c'].map((name) => [
      name,
      '/etc/belfry/rules.yaml:12',
      'live',
      'ops, mail',
      '2026-11-23T09:00:00.000Z',
      'never',
      'notified 3, deduplicated 2',
    ]),
    [''],
  ]);
  expect((await belfry(to, ['rules', '--json'])).json).toEqual(all);
});

test('one rule is shown with its text and line numbers; an unknown name is exit 3', async () => {
  const to = await openTestListener();
  const whole = { ...rule('a'), generation: 3, text: '  # why\n  - name: a\n', text_line: 11 };
  const one = async (name: string) => (name === 'history' ? whole : undefined);
  to.daemon.rules = { ...to.daemon.rules, rule: one };
  const { stdout } = await belfry(to, ['rules', 'list', 'history']);
  expect(stdout).toMatch(/\n\n11 | {3}# why\n12 | {3}- name: a\n$/);
  expect((await belfry(to, ['rules', 'b'])).code).toBe(3);
});

test('the history shows names, problems and the lines that differ', async () => {
  const to = await openTestListener();
  const limits: number[] = [];
  const problem = {
    file: 'r.yaml',
    line: 2,
    column: 3,
    level: 'error',
    code: 'x',
    message: 'wrong',
    mend: 'mend it',
  } as const;
  to.daemon.rules = {
    ...to.daemon.rules,
    generations: async (limit) => {
      limits.push(limit);
      return [
        {
          generation: 8,
          at: '2026-11-23T09:00:00.000Z',
          by: 'watch',
          result: 'partial',
          counts: { added: 12, changed: 1, removed: 0 },
          added: Array.from({ length: 12 }, (_, n) => `rule r${n}`),
          changed: ['rule a'],
          removed: [],
          restart_needed: ['listen'],
          notes: ['one timer is earlier'],
          diff: [{ rule: 'a', file: 'r.yaml', line: 4, text: '@@ -4,1 +4,1 @@\n-a\n+b\n' }],
          diff_omitted: 2,
          problems: [problem],
        },
      ];
    },
  };
  const { stdout } = await belfry(to, ['rules', 'history']);
  expect(stdout.split('\n')).toEqual([
    '2026-11-23T09:00:00.000Z  generation 8  partial by watch',
    `  added ${Array.from({ length: 10 }, (_, n) => `rule r${n}`).join(', ')} and 2 more`,
    '  changed rule a',
    '  listen takes effect after a restart',
    '  one timer is earlier',
    '  r.yaml:2:3: wrong; mend it',
    '  r.yaml:4',
    '    @@ -4,1 +4,1 @@',
    '    -a',
    '    +b',
    '  2 more rules differ',
    '',
    '',
  ]);
  expect((await belfry(to, ['rules', 'history', '--brief', '--limit', '2'])).stdout).not.toContain('@@');
  expect(limits).toEqual([10, 2]);
});
