import { expect, test } from 'vitest';
import { testMessages } from '../../../daemon/core/explain/test-message.ts';
import { rulesetOf } from '../../support/compile.ts';
import { sampleEvent } from '../../support/delivery.ts';

const CHANNELS =
  'channels: { ops: { type: pager, key: k }, boss: { type: pager, key: k }, mail: { type: pager, key: k } }\n';

function made(rules: string, data: Record<string, number | string>, channel = 'ops') {
  const ruleset = rulesetOf(CHANNELS + rules);
  const [rule] = ruleset.rules;
  const event = sampleEvent({ type: 'disk', data });
  const context = { ruleset, now: Date.parse('2026-11-23T09:00:00Z'), newId: () => 'd-1' };
  return testMessages(event, rule!, channel, context);
}

const RULE = `rules:
  - name: disk
    match: { type: disk }
    for: 10m
    key: '{{ data.host }}'
    message: { title: '{{ data.host }} *full*', replace_key: 'disk/{{ data.host }}' }
    resolve: { match: { type: ok } }
    escalate: [{ after: 10m, notify: [boss] }]
    notify: [{ channel: ops, delay: 5m, if: data.used > 90 }, { channel: ops, message: { title: second } }]
`;

test('one message is made for each target on the channel, at once, whatever the steps of the rule wait for', () => {
  expect(made(RULE, { host: 'a', used: 95 })).toMatchObject({
    kind: 'made',
    deliveries: [
      { rule: 'disk', key: 'test:a', status: 'firing', message: { title: 'a *full*', replace_key: 'test:disk/a' } },
      { message: { title: 'second' } },
    ],
    errors: [],
  });
  expect(made(RULE, { host: 'a', used: 10 })).toMatchObject({ deliveries: [{ message: { title: 'second' } }] });
});

test('a channel of an escalation is tested with the message of the escalation', () => {
  expect(made(RULE, { host: 'a', used: 95 }, 'boss')).toMatchObject({
    deliveries: [{ channel: 'boss', key: 'test:a' }],
  });
});

test('an error of a template is reported, and the message is the one that would be sent', () => {
  const wrong = RULE.replace('{{ data.host }} *full*', '{{ data.nope }}');
  expect(made(wrong, { host: 'a', used: 95 })).toMatchObject({
    kind: 'made',
    errors: [expect.stringContaining('title')],
  });
});

test('without a message for the channel the reason is reported', () => {
  expect(made(RULE, { host: 'a', used: 95 }, 'mail')).toEqual({
    kind: 'none',
    code: 'test.no_target',
    reason: 'the rule `disk` does not notify `mail`; it notifies ops, boss',
  });
  const only = RULE.replace(/, \{ channel: ops, message.*\]/, ']');
  expect(made(only, { host: 'a', used: 10 })).toMatchObject({
    code: 'test.no_target',
    reason: expect.stringContaining('`if`') as unknown,
  });
  const other = RULE.replace('type: disk', 'type: cpu');
  expect(made(other, { host: 'a', used: 95 })).toMatchObject({
    code: 'test.no_match',
    reason: expect.stringContaining('does not match this event: ') as unknown,
  });
});
