import { expect, test } from 'vitest';
import { lintSteps } from '../../../daemon/core/compile/lint/lint.ts';
import { renderMessage } from '../../../daemon/core/message/render.ts';
import { compileText, problemsOf, rulesetOf } from '../../support/compile.ts';
import { sampleEvent } from '../../support/delivery.ts';
import { tools } from '../../support/rule-types.ts';

const HEAD = 'channels: { ops: { type: sink } }\n';
const ALERT = 'resolve: { after: 1h }';
const rule = (actions: string, more = ALERT, head = HEAD): string =>
  `${head}rules:\n  - name: r\n    notify: ops\n    ${more}\n    message: { actions: ${actions} }\n`;

test.each([
  ['an unknown button', '[page]', '`page` is not a button', /there are `ack`/],
  ['a misspelt word of another program', '[acknowlege]', '`acknowlege` is not a button', /did you mean `ack`\?/],
  ['a misspelt one', '[ak]', '`ak` is not a button', /did you mean `ack`\?/],
  ['a word of another program', '[mute 2h]', '`mute 2h` is not a button', /did you mean `silence 2h`\?/],
  ['a silence without end', '[silence]', '`silence` does not say for how long', /silence 1h/],
  ['a silence of no duration', '[silence soon]', '`silence` has no duration', /silence 30m/],
  ['a silence that is too short', '[silence 10ms]', 'this is not a duration for a silence', /whole seconds/],
  ['a word too much', '[resolve now]', '`resolve` takes no further word', /write `resolve`/],
  ['a wrong button with a label', '[{ label: Mine, do: akc }]', '`akc` is not a button', /did you mean `ack`\?/],
  ['a link without a label', '[{ url: "https://a.example" }]', /lacks `label`/, /label/],
  [
    'a misspelt setting',
    '[{ label: A, urll: "https://a.example" }]',
    '`urll` is not a setting of item 1 of `actions`',
    /`url`/,
  ],
  ['a link that is also a button', '[{ label: A, url: "https://a.example", do: ack }]', /is not a setting/, /./],
  ['a number', '[5]', /must be/, /./],
])('%s is one problem, with its correction', (_, actions, message, mend) => {
  const problems = problemsOf(rule(actions));
  expect(problems).toMatchObject([{ message: typeof message === 'string' ? message : expect.stringMatching(message) }]);
  expect(problems[0]!.mend).toMatch(mend);
});

test('a button on an alert needs a rule with alerts; a silence does not', () => {
  const [problem, ...others] = problemsOf(rule('[silence 1h, ack]', 'enabled: true'));
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ line: 6, code: 'rule.actions', mend: expect.stringContaining('`resolve`') });
  const target = `${HEAD}rules:\n  - { name: r, notify: { channel: ops, message: { actions: [{ do: resolve }] } } }\n`;
  expect(problemsOf(target)).toMatchObject([{ code: 'rule.actions' }]);
  const both = '`ack` and `resolve` have no effect: this rule makes no alerts';
  expect(problemsOf(rule('[ack, silence 1h, { do: resolve }]', 'enabled: true'))).toMatchObject([{ message: both }]);
  expect(problemsOf(rule('[silence 1h]', 'enabled: true'))).toEqual([]);
  expect(problemsOf(rule('[ack]', 'repeat: 1h'))).toEqual([]);
});

test('buttons of `defaults` are left out of rules without alerts', () => {
  const defaults = `${HEAD}defaults: { message: { actions: [ack, silence 1h] } }\n`;
  const { rules } = rulesetOf(
    `${defaults}rules:\n  - { name: once, notify: ops }\n  - { name: alert, notify: ops, ${ALERT} }\n`,
  );
  expect(rules.map(({ notify }) => notify[0]!.templates.actions)).toEqual([
    [{ do: 'silence 1h' }],
    [{ do: 'ack' }, { do: 'silence 1h' }],
  ]);
});

test('a button has a label of its own, and is left out when the alert is over', () => {
  const actions = '[silence  90m, { label: "Mine, {{ key }}", do: ack }, { label: Open, url: "https://a.example" }]';
  const { templates } = rulesetOf(rule(actions)).rules[0]!.notify[0]!;
  const render = (status: string) =>
    renderMessage(templates, { event: sampleEvent(), key: 'db1', status }, (text) => text).message.actions;
  const link = { label: 'Open', url: 'https://a.example' };
  expect(render('firing')).toEqual([
    { label: 'Silence 90m', do: 'silence 90m' },
    { label: 'Mine, db1', do: 'ack' },
    link,
  ]);
  expect(render('resolved')).toEqual([link]);
});

test('without a public address a warning says, once, that messages lack their buttons', () => {
  const warningsIn = (...texts: readonly string[]) => {
    const fragments = texts.map((text, index) => compileText(text, `${index}.yaml`));
    const steps = lintSteps(fragments, tools);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  };
  const second = rule('[ack]').replace('name: r', 'name: s').replace(HEAD, '');
  expect(warningsIn(rule('[ack]'), second)).toMatchObject([
    { file: '0.yaml', line: 3, code: 'rule.actions', mend: expect.stringContaining('daemon.public_url') },
  ]);
  expect(warningsIn(rule('[ack]'), 'daemon: { public_url: "https://belfry.example.com" }\n')).toEqual([]);
  expect(warningsIn(rule('[{ label: Open, url: "https://a.example" }]'))).toEqual([]);
});
