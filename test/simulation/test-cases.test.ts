import { describe, expect, it } from 'vitest';
import { testProblems } from '../support/simulation.ts';

const CHANNELS = `channels:
  ops: { type: log }
  mail: { type: file, path: /nowhere/mail.jsonl }
  boss: { type: log }
`;

const deploys = `sources:
  deploys: { type: webhook, path: /hooks/deploys, verify: { github: "\${env:GITHUB_WEBHOOK_SECRET}" } }
${CHANNELS}rules:
  - name: failed-deploy
    on: deploys
    match:
      data.workflow_run.conclusion: [failure, timed_out]
    if: data.workflow_run.head_branch == "main"
    key: "{{ data.repository.full_name }}"
    throttle: { max: 1, per: 10m }
    message:
      title: "Deploy failed: {{ data.repository.full_name }}"
      body: "on {{ data.repository.full_name }}"
      priority: high
    notify: [ops, mail]
`;

it('a throttled rule notifies once in ten minutes, and a transient error is retried', async () => {
  const tests = `# rules/deploys.test.yaml
tests:
  - name: a failed deploy of main pages ops once in ten minutes
    at: 2026-11-23T09:00:00+08:00
    answers: { mail: [transient, ok] }     # what the channels answer, in order; default ok. Also permanent, rate_limited, hang
    steps:
      - event: { source: deploys, data: { workflow_run: { conclusion: failure, head_branch: main }, repository: { full_name: acme/api } } }
        expect:
          - { channel: ops, title: "Deploy failed: acme/api", priority: high }
          - { channel: mail, body: { contains: acme } }
        outcomes: { failed-deploy: notified }
      - after: 5m
        event: { source: deploys, data: { workflow_run: { conclusion: failure, head_branch: main }, repository: { full_name: acme/api } } }
        expect: []
        outcomes: { failed-deploy: throttled }
`;
  expect(await testProblems(deploys, tests)).toEqual([]);
  expect(await testProblems(deploys.replace('max: 1,', 'max: 2,'), tests)).toEqual([
    '15:36 failed-deploy is notified, and should be throttled',
    '14:9 sent, but not expected: ops: "Deploy failed: acme/api" "on acme/api"',
    '14:9 sent, but not expected: mail: "Deploy failed: acme/api" "on acme/api"',
  ]);
});

/** Runs one test with these steps, each a YAML flow mapping, against one rule. */
async function testRule(
  rule: string,
  steps: readonly string[],
  more: { channels?: string; test?: string; rules?: string } = {},
) {
  const rules = `${more.channels ?? CHANNELS}rules:\n  - { name: r, ${rule} }\n${more.rules ?? ''}`;
  const lines = steps.map((step) => `      - { ${step} }\n`).join('');
  const tests = `tests:\n  - name: a\n${more.test === undefined ? '' : `    ${more.test}\n`}    steps:\n${lines}`;
  return testProblems(rules, tests);
}

const NOTIFY = 'notify: ops, message: { title: "{{ type }}" }';

describe('virtual time: a delayed notification is sent when it is due, not before', () => {
  it('of a rule with `for`', async () => {
    const rule = `match: { type: down }, key: k, for: 10m, resolve: { match: { type: up } }, ${NOTIFY}`;
    const steps = [
      'event: { type: down }, expect: [], outcomes: { r: waiting }',
      'after: 9m59s, expect: []',
      'after: 1s, expect: [{ channel: ops, title: down, status: firing }], outcomes: { r: notified }',
      'after: 1d, expect: []',
      'event: { type: up }, outcomes: { r: resolved }, expect: []',
    ];
    expect(await testRule(rule, steps)).toEqual([]);
  });

  it('of a digest', async () => {
    const rule =
      'match: { type: e }, digest: { wait: 1m, every: 1h }, notify: ops, message: { title: "{{ events.size }} at once" }';
    const steps = [
      'events: [{ type: e }, { type: e }], expect: [], outcomes: { r: collected }',
      'after: 59s, expect: []',
      'after: 1s, expect: [{ title: 2 at once }], outcomes: { r: notified }',
    ];
    expect(await testRule(rule, steps)).toEqual([]);
  });

  it('of an escalation and a repeat, until the alert is acknowledged', async () => {
    const rule =
      'match: { type: down }, resolve: { match: { type: up } }, repeat: 30m, escalate: [{ after: 45m, notify: boss }], notify: ops, message: { title: down }';
    const until = ['event: { type: down }, expect: [{ channel: ops }]', 'after: 30m, expect: [{ channel: ops }]'];
    const key = '"api|down|"';
    expect(await testRule(rule, [...until, 'after: 15m, expect: [{ channel: boss, title: down }]'])).toEqual([]);
    const acknowledged = [...until, `ack: ${key}, expect: []`, 'after: 2d, expect: []'];
    expect(await testRule(rule, acknowledged)).toEqual([]);
    expect(await testRule(rule, [...until, 'ack: nothing'])).toEqual([
      '6:9 nothing fires for the key "nothing", so there is nothing to acknowledge',
    ]);
  });

  it('of a channel with a delay', async () => {
    const rule = 'match: { type: e }, notify: [ops, { channel: mail, delay: 5m }]';
    const steps = ['event: { type: e }, expect: [{ channel: ops }]', 'after: 5m, expect: [{ channel: mail }]'];
    expect(await testRule(rule, steps)).toEqual([]);
  });

  it('of an event held until office hours, across a change of clocks', async () => {
    const hours = 'hours: { office: { days: mon-sun, from: "08:00", to: "18:00", timezone: Europe/Berlin } }\n';
    const rule = `match: { type: e }, during: office, outside: hold, ${NOTIFY}`;
    const night = (day: string, wait: string, before: string): Promise<readonly string[]> =>
      testRule(
        rule,
        [
          `event: { type: e }, expect: [], outcomes: { r: held }`,
          `after: ${before}, expect: []`,
          `until: ${wait}, expect: [{ channel: ops, title: e }], outcomes: { r: notified }`,
        ],
        { channels: hours + CHANNELS, test: `at: ${day}` },
      );
    expect(await night('2026-03-28T22:00:00+01:00', '2026-03-29T08:00:00+02:00', '8h59m59s')).toEqual([]);
    expect(await night('2026-10-24T22:00:00+02:00', '2026-10-25T08:00:00+01:00', '10h59m59s')).toEqual([]);
  });
});

describe('scripted answers of channels', () => {
  const rule = `match: { type: e }, ${NOTIFY}`;
  const dead =
    '  - { name: sent, on: belfry, match: { type: belfry.delivery.dead }, notify: boss, message: { title: "{{ data.class }} {{ data.code }}" } }\n';
  const channels = `channels:
  ops: { type: log, delivery: { retry: [10s, 1m], fallback: mail, timeout: 20s, on_unknown: dead } }
  mail: { type: file, path: /nowhere/mail.jsonl }
  boss: { type: log }
`;
  const more = (answers: string) => ({ channels, rules: dead, test: `answers: { ops: ${answers} }` });

  it('a permanent error goes to the fallback at once and raises an event', async () => {
    const steps = [
      'event: { type: e }, expect: [{ channel: ops }, { channel: mail, title: e }, { channel: boss, title: permanent http.404 }], outcomes: { r: notified, sent: notified }',
      'event: { type: e }, expect: [{ channel: ops }]',
      'after: 1d, expect: []',
    ];
    expect(await testRule(rule, steps, more('permanent'))).toEqual([]);
  });

  it('a transient error is retried after each wait, and the message counts as sent once', async () => {
    const steps = ['event: { type: e }, expect: [{ channel: ops }]', 'after: 1d, expect: []'];
    expect(await testRule(rule, steps, more('[transient, transient]'))).toEqual([]);
  });

  it('a delivery is dead when its retries are used up', async () => {
    const steps = [
      'event: { type: e }, expect: [{ channel: ops }]',
      'after: 69s, expect: []',
      'after: 1s, expect: [{ channel: mail }, { channel: boss, title: exhausted http.503 }], outcomes: { sent: notified, r: no_match }',
    ];
    expect(await testRule(rule, steps, more('[transient, transient, transient]'))).toEqual([]);
  });

  it('a rate limit is retried after the time that the channel asks for', async () => {
    const steps = [
      'event: { type: e }, expect: [{ channel: ops }]',
      'after: 1m59s, expect: []',
      'after: 1s, expect: [{ channel: mail }, { channel: boss }]',
    ];
    expect(await testRule(rule, steps, more('[rate_limited, rate_limited, permanent]'))).toEqual([]);
  });

  it('a hanging attempt times out and is handled by `on_unknown`', async () => {
    const steps = [
      'event: { type: e }, expect: [{ channel: ops }]',
      'after: 19s, expect: []',
      'after: 1s, expect: [{ channel: mail }, { channel: boss, title: unknown timeout }]',
    ];
    expect(await testRule(rule, steps, more('hang'))).toEqual([]);
    const again = { ...more('hang'), channels: channels.replace('on_unknown: dead', 'on_unknown: retry') };
    expect(await testRule(rule, ['event: { type: e }', 'after: 1d, expect: []'], again)).toEqual([]);
  });

  it('a delivery that expires while it waits is dead, without a fallback', async () => {
    const late = 'match: { type: e }, notify: ops, message: { title: e, ttl: 5m }';
    const steps = [
      'event: { type: e }, expect: []',
      'after: 4m59s, expect: []',
      'after: 1s, expect: [{ channel: boss, title: expired expired }]',
      'after: 1d, expect: []',
    ];
    const paused = { ...more('ok'), channels: channels.replace('fallback: mail,', 'fallback: mail, paused: true,') };
    expect(await testRule(late, steps, paused)).toEqual([]);
    const retried = [
      'event: { type: e }, expect: [{ channel: ops }]',
      'after: 10s, expect: [{ channel: boss, title: expired http.503 }, { channel: mail }]',
    ];
    expect(await testRule(late.replace('5m', '1m'), retried, more('[transient, transient]'))).toEqual([]);
  });

  it('a paused channel sends nothing', async () => {
    const paused = { ...more('ok'), channels: channels.replace('fallback: mail,', 'fallback: mail, paused: true,') };
    expect(
      await testRule(
        rule,
        ['event: { type: e }, expect: [], outcomes: { r: notified }', 'after: 1d, expect: []'],
        paused,
      ),
    ).toEqual([]);
  });

  it('a delivery that is cancelled before it is due is not sent', async () => {
    const alert =
      'match: { type: down }, key: k, resolve: { match: { type: up } }, notify: [{ channel: mail, delay: 5m }], message: { title: down }';
    const steps = [
      'event: { type: down }, expect: []',
      'after: 4m, event: { type: up }, expect: [], outcomes: { r: resolved }',
      'after: 1d, expect: []',
    ];
    expect(await testRule(alert, steps)).toEqual([]);
  });
});

describe('sources that need only the clock run', () => {
  const heartbeat = `sources:
  beat: { type: heartbeat, every: 1h, grace: 5m, match: { type: backup.done } }
  nine: { type: schedule, cron: "0 9 * * *", timezone: Europe/Berlin }
${CHANNELS}`;

  it('a heartbeat whose beats are events of the test', async () => {
    const rule = 'on: beat, notify: ops, message: { title: "{{ type }}" }';
    const steps = [
      'event: { type: backup.done }',
      'after: 1h, event: { type: backup.done }, expect: []',
      'after: 1h4m59s, expect: []',
      'after: 1s, expect: [{ title: heartbeat.missed }], outcomes: { r: notified }',
      'event: { type: backup.done }, expect: [{ title: heartbeat.recovered }]',
    ];
    expect(await testRule(rule, steps, { channels: heartbeat })).toEqual([]);
  });

  it('a schedule in its own time zone, across a change of clocks', async () => {
    const rule = 'on: nine, notify: ops, message: { title: "{{ time }}" }';
    const steps = [
      'until: 2026-03-28T23:59:59, expect: [{ title: "2026-03-28T08:00:00.000Z" }]',
      'until: 2026-03-29T23:59:59, expect: [{ title: "2026-03-29T07:00:00.000Z" }]',
    ];
    expect(await testRule(rule, steps, { channels: heartbeat, test: 'at: 2026-03-28T00:00:00+01:00' })).toEqual([]);
  });
});

describe('a step', () => {
  const rule = `match: { type: e }, ${NOTIFY}`;

  it('without `expect` discards its messages', async () => {
    expect(await testRule(rule, ['event: { type: e }', 'after: 1s, expect: []'])).toEqual([]);
  });

  it('with several events takes one outcome for all of them, or one for each', async () => {
    const events = 'events: [{ type: e }, { type: f }, { type: e }]';
    expect(await testRule(rule, [`${events}, outcomes: { r: [notified, no_match, notified] }`])).toEqual([]);
    expect(await testRule(rule, [`${events}, outcomes: { r: notified }`])).toEqual([
      '4:75 r is no_match for event 2, and should be notified',
    ]);
  });

  it('treats an event with a known id as a duplicate', async () => {
    const same = 'event: { id: "1", type: e }';
    expect(await testRule(rule, [`${same}, expect: [{}]`, `${same}, expect: [], outcomes: { r: no_match }`])).toEqual(
      [],
    );
  });

  it('can add a silence', async () => {
    const steps = [
      'silence: { match: { rule: r }, for: 1h }',
      'after: 59m, event: { type: e }, expect: [], outcomes: { r: silenced }',
      'after: 1m, event: { type: e }, expect: [{}], outcomes: { r: notified }',
    ];
    expect(await testRule(rule, steps)).toEqual([]);
  });

  it('gives the reason of a different outcome', async () => {
    const once = `match: { type: e }, dedupe: 1h, ${NOTIFY}`;
    expect(await testRule(once, ['event: { type: e }', 'event: { type: e }, outcomes: { r: notified }'])).toEqual([
      expect.stringMatching(/^5:46 r is deduplicated \(.+, until 2026-01-01T01:00:00.000Z\), and should be notified$/),
    ]);
  });

  it('includes the events that the daemon raises about a failing rule', async () => {
    const wrong = 'match: { type: e }, if: data.n > 1, notify: ops';
    const rules =
      '  - { name: sent, on: belfry, match: { type: belfry.rule.error }, notify: boss, message: { title: "{{ data.rule }}" } }\n';
    const steps = [
      'event: { type: e, data: { n: one } }, outcomes: { r: error, sent: notified }, expect: [{ channel: boss, title: r }]',
      'event: { type: e, data: { n: one } }, outcomes: { r: error, sent: no_match }, expect: []',
    ];
    expect(await testRule(wrong, steps, { rules })).toEqual([]);
  });

  it('starts at a fixed time by default', async () => {
    const rules = 'match: { type: e }, notify: ops, message: { title: "{{ time }}" }';
    expect(await testRule(rules, ['event: { type: e }, expect: [{ title: "2026-01-01T00:00:00.000Z" }]'])).toEqual([]);
  });
});

it('a difference masks a secret that a template inserted', async () => {
  const rules = `${CHANNELS}rules:\n  - { name: r, notify: ops, message: { title: "see \${env:LINK}" } }\n`;
  const tests = 'tests:\n  - { name: a, steps: [{ event: { type: e }, expect: [{ title: x }] }] }';
  const [line] = await testProblems(rules, tests, { LINK: 'https://example.com/very-secret' });
  expect(line).toContain('title is "see ***", and should be "x"');
});
