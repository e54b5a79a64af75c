import { expect, test } from 'vitest';
import { CoreRunner } from '../../support/core-runner.ts';
import { compileText } from '../../support/compile.ts';
import { lintSteps } from '../../../daemon/core/compile/lint/lint.ts';
import { tools } from '../../support/rule-types.ts';

const CHANNELS = `channels:
  main: { type: sink, delivery: { fallback: spare } }
  spare: { type: sink, delivery: { fallback: last } }
  last: { type: sink }
  sms: { type: relay, host: relay.example, delivery: { fallback: main } }
`;

/** Channels that got a message about an own event, with its recipients. */
function notified(rule: string, type: string, channel: string): string[] {
  const message = 'message: { title: T, body: "{{ data.channel }}" }';
  const runner = new CoreRunner(`rules:\n  - { name: r, on: belfry, ${message}, ${rule} }\n`, { channels: CHANNELS });
  runner.take({ channel }, { source: 'belfry', type, subject: channel });
  runner.wait(0);
  return runner.heard();
}

test.each(['belfry.channel.failing', 'belfry.channel.misconfigured', 'belfry.delivery.dead'])(
  'a report of %s about a channel goes to the fallback of that channel, and not through it',
  (type) => {
    expect(notified('notify: main', type, 'main')).toEqual(['spare: main']);
    expect(notified('notify: main', type, 'spare')).toEqual(['main: spare']);
    expect(notified('notify: last', type, 'last')).toEqual(['last: last']);
  },
);

test('a report that the rule sends to the fallback anyway is sent there once', () => {
  expect(notified('notify: [main, spare]', 'belfry.channel.failing', 'main')).toEqual(['spare: main']);
  expect(notified('notify: [main, main]', 'belfry.channel.failing', 'main')).toEqual(['spare: main']);
});

test('an event about a channel that works goes through it', () => {
  expect(notified('notify: main', 'belfry.channel.recovered', 'main')).toEqual(['main: main']);
});

test('an event of others about a channel of this name goes through it', () => {
  const runner = new CoreRunner('rules:\n  - { name: r, notify: main }\n', { channels: CHANNELS });
  runner.take({ channel: 'main' }, { type: 'belfry.channel.failing', subject: 'main' });
  runner.wait(0);
  expect(runner.sent.map(({ channel }) => channel)).toEqual(['main']);
});

test('a digest of reports goes to the fallback if one of them is about the channel', () => {
  const rule = 'notify: main, digest: { wait: 1m }, key: all, message: { body: "{{ count }}" }';
  const runner = new CoreRunner(`rules:\n  - { name: r, on: belfry, ${rule} }\n`, { channels: CHANNELS });
  for (const channel of ['main', 'last'])
    runner.take({ channel }, { source: 'belfry', type: 'belfry.channel.failing', subject: channel });
  runner.wait(60_000);
  expect(runner.heard()).toEqual(['spare: 2']);
});

test('the end of an alert goes to the fallback that got its beginning', () => {
  const alert = `match: { type: belfry.channel.failing }, key: "{{ subject }}", notify_resolved: true,
      resolve: { match: { type: belfry.channel.recovered } }, message: { body: "{{ status }}" }, notify: main`;
  const runner = new CoreRunner(`rules:\n  - { name: r, on: belfry, ${alert} }\n`, { channels: CHANNELS });
  const about = { source: 'belfry', subject: 'main' };
  runner.take({ channel: 'main' }, { ...about, type: 'belfry.channel.failing' });
  runner.wait(1000);
  runner.take({ channel: 'main' }, { ...about, type: 'belfry.channel.recovered' });
  runner.wait(0);
  expect(runner.heard()).toEqual(['spare: firing', 'spare: resolved']);
});

test('recipients of the channel are not those of a fallback of another type', () => {
  const runner = new CoreRunner('rules:\n  - { name: r, on: belfry, notify: { channel: sms, to: "+49" } }\n', {
    channels: CHANNELS,
  });
  const { deliveries } = runner.decided(
    { channel: 'sms' },
    { source: 'belfry', type: 'belfry.delivery.dead', subject: 'sms' },
  );
  expect(deliveries.map(({ delivery }) => delivery)).toMatchObject([{ channel: 'main', fallbackOf: 'sms' }]);
  expect(deliveries[0]!.delivery.message.to).toBeUndefined();
});

/** Warnings of a check. */
function warningsOf(text: string): string[] {
  const steps = lintSteps([compileText(text)], tools);
  for (let step = steps.next(); ; step = steps.next())
    if (step.done) return step.value.map(({ line, code, message }) => `${line} ${code}: ${message}`);
}

const TWO = 'channels: { a: { type: sink }, b: { type: sink } }\n';
const FAILS = 'on: belfry, match: { type: belfry.channel.failing }';

test('`check` warns of a rule that reports the fault of a channel through that channel only', () => {
  expect(warningsOf(`${TWO}rules:\n  - { name: r, ${FAILS}, notify: a }\n`)).toEqual([
    '3 rule.own_channel: the rule `r` reports the faults of `a` through the same channel only, so nobody sees them',
  ]);
});

test.each([
  ['a second channel is notified', `${TWO}rules: [{ name: r, ${FAILS}, notify: [a, b] }]\n`],
  [
    'another rule notifies a second channel',
    `${TWO}rules: [{ name: r, ${FAILS}, notify: a }, { name: s, match: { data.channel: a }, notify: b }]\n`,
  ],
  [
    'an escalation does',
    `${TWO}rules: [{ name: r, ${FAILS}, resolve: { after: 1h }, notify: a, escalate: [{ after: 5m, notify: b }] }]\n`,
  ],
  [
    'the channel has a fallback',
    `channels: { a: { type: sink, delivery: { fallback: b } }, b: { type: sink } }\nrules: [{ name: r, ${FAILS}, if: 'data.channel != "b"', notify: a }]\n`,
  ],
  [
    'conditions choose the channel that works',
    `${TWO}rules: [{ name: r, ${FAILS}, notify: [{ channel: a, if: 'data.channel != "a"' }, { channel: b, if: 'data.channel == "a"' }] }]\n`,
  ],
  ['nothing is reported', `${TWO}rules: [{ name: r, on: belfry, match: { type: belfry.started }, notify: a }]\n`],
])('`check` is content if %s', (_what, text) => {
  expect(warningsOf(text)).toEqual([]);
});
