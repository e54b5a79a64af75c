import { expect, test } from 'vitest';
import { placesOf, problemsOf, rulesetOf } from '../../support/compile.ts';

const HEAD = 'channels: { ops: { type: sink } }\n';
const rule = (more: string, beside = ''): string =>
  `${HEAD}${beside}rules:\n  - name: r\n    notify: ops\n    ${more}\n`;

test.each([
  [
    'a negative duration',
    rule('for: -5m'),
    '5:10 value.format',
    'write it like `500ms`, `10s`, `5m`, `2h`, `3d` or `1h30m`',
  ],
  ['a `for` of no time', rule('for: 0s'), '5:10 schema.range', 'write it like `10m`, or leave it out'],
  ['a `for.time` of no time', rule('for: { time: 0s }'), '5:18 schema.range', 'write it like `10m`, or leave it out'],
  ['a `for` without a time', rule('for: { max_gap: 1m }'), '5:5 schema.missing', undefined],
  [
    'a `for` with a mistake',
    rule('for: { time: 5m, max_gab: 1m }'),
    '5:22 schema.unknown_key',
    'did you mean `max_gap`?',
  ],
  [
    'a gap that never ends the waiting',
    rule('for: { time: 5m, max_gap: 5m }'),
    '5:31 rule.for',
    'give a little more than the time between two events, such as `2m` for one a minute',
  ],
  ['a `repeat` of no time', rule('repeat: 0s'), '5:13 schema.range', 'write it like `10m`, or leave it out'],
  [
    'a window of no time',
    rule('threshold: { count: 3, within: 0s }'),
    '5:36 schema.range',
    'write it like `10m`, or leave it out',
  ],
  ['a threshold of nothing', rule('threshold: { count: 0, within: 1m }'), '5:25 schema.range', undefined],
  ['a `resolve` that says nothing', rule('resolve: {}'), '5:14 rule.resolve', 'give `match`, `if` or `after`'],
  [
    'a `resolve` with a mistake',
    rule('resolve: { mach: { a: 1 } }'),
    '5:16 schema.unknown_key',
    'did you mean `match`?',
  ],
  [
    'a pattern in `resolve` that is none',
    rule('resolve: { match: { data.a: { gtt: 1 } } }'),
    '5:35 rule.match',
    'did you mean `gt`?',
  ],
  ['news of what never ends', rule('notify_resolved: true'), '5:22 rule.resolve', 'say in `resolve` what ends it'],
  ['a digest that says not how long', rule('digest: { max: 3 }'), '5:13 rule.digest', 'give `wait` or `every`'],
  [
    'steps of `escalate` out of order',
    rule('escalate: [{ after: 1h, notify: ops }, { after: 5m, notify: ops }]'),
    '5:53 rule.escalate',
    '`after` counts from the beginning of the alert; put the steps in order',
  ],
  [
    'a step of `escalate` with an unknown channel',
    rule('escalate: [{ after: 1h, notify: opz }]'),
    '5:37 rule.unknown_channel',
    'did you mean `ops`?',
  ],
  ['`outside` without hours', rule('outside: hold'), '5:14 rule.hours', 'name the hours, or remove it'],
  [
    'hours that do not exist',
    rule('during: offise', 'hours: { office: { days: mon-fri } }\n'),
    '6:13 rule.unknown_hours',
    'did you mean `office`?',
  ],
  ['a rule that does not exist', rule('inhibited_by: { rule: nobody }'), '5:27 rule.unknown_rule', 'rules are: `r`'],
  [
    'a rule that keeps itself quiet',
    rule('inhibited_by: { rule: r }'),
    '5:27 rule.inhibited_by',
    'name another rule; `dedupe` drops repetitions',
  ],
  ['a silence without an end', rule('dedupe: 1m', 'silences: [{ match: { rule: r } }]\n'), undefined, undefined],
])('%s', (_name, text, place, mend) => {
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  if (place !== undefined) expect(placesOf(problems)).toEqual([place]);
  if (mend !== undefined) expect(problems[0]!.mend).toBe(mend);
});

test('a rule without alerts cannot suppress another one, and the problem says what to add', () => {
  const [problem] = problemsOf(`${HEAD}rules:
  - { name: down, notify: ops }
  - { name: slow, notify: ops, inhibited_by: { rule: down, equal: data.host } }\n`);
  expect(problem).toMatchObject({
    code: 'rule.inhibited_by',
    mend: 'give `down` a `resolve` that says when its alert ends',
  });
});

test('rules, hours and channels are found in any file', () => {
  expect(
    problemsOf(
      `${HEAD}rules: [{ name: down, notify: ops, resolve: { after: 1h } }]\n`,
      'hours: { office: { days: mon-fri } }\n',
      'rules: [{ name: slow, notify: ops, during: [office], inhibited_by: [{ rule: down, equal: [data.host] }] }]\n',
    ),
  ).toEqual([]);
});

test('settings that are left out have their defaults', () => {
  const settings = (more: string) => {
    const [rule] = rulesetOf(`${HEAD}hours: { h: { days: mon } }\nrules: [{ name: r, notify: ops, ${more} }]`).rules;
    return Object.fromEntries(rule!.steps.map(({ name, settings: own }) => [name, own]));
  };
  expect(settings('digest: { every: 1h }')).toEqual({ silences: true, digest: { wait: 3_600_000, every: 3_600_000 } });
  expect(settings('digest: { wait: 1m }')).toEqual({ silences: true, digest: { wait: 60_000, every: 0 } });
  expect(settings('repeat: 1h')).toMatchObject({ alert: { notifyResolved: false, escalate: [], repeat: 3_600_000 } });
  expect(settings('during: h')).toMatchObject({ hours: { during: ['h'], notDuring: [], outside: 'drop' } });
});
