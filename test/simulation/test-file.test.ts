import { describe, expect, it } from 'vitest';
import { testProblems } from '../support/simulation.ts';

const RULES = `sources:
  deploys: { type: webhook, path: /hooks/deploys }
  nine: { type: schedule, cron: "0 9 * * *" }
  inbox: { type: files, paths: [/nowhere/*] }
channels: { ops: { type: log } }
rules:
  - { name: failed-deploy, match: { data.n: 1 }, notify: ops, message: { title: "{{ type }} {{ time }}" } }
`;

const ofTests = (text: string) => testProblems(RULES, text);
const ofTest = (text: string) => ofTests(`tests:\n  - { name: a, ${text} }\n`);
const ofStep = (text: string) =>
  ofTests(`tests:\n  - name: a\n    at: 2026-11-23T09:00:00+08:00\n    steps:\n      - { ${text} }\n`);

describe('a test file', () => {
  it.each([
    ['', '1:1 the file is empty (write rules into it, a comment, or delete it)'],
    ['# nothing\n', '1:1 a test file must be a map of settings, not nothing (change it)'],
    ['tests: []\n', '1:8 `tests` has too few entries (give at least 1)'],
    ['test: []\n', '1:1 `test` is not a setting of a test file (did you mean `tests`?)'],
    ['tests: [\n', expect.stringMatching(/^2:1 /)],
    ['tests:\n  - { name: a, steps: [{ event: *x }] }\n', expect.stringMatching(/^2:\d+ there is no such anchor/)],
    ['tests:\n  - { name: a }\n', expect.stringMatching(/^2:5 item 1 of `tests` lacks `steps`/)],
    ['tests:\n  - { name: a, steps: [] }\n', '2:23 `steps` has too few entries (give at least 1)'],
  ])('with %j is invalid', async (text, problem) => {
    expect(await ofTests(text)).toEqual([problem]);
  });

  it('has all its problems reported at once, each with its position', async () => {
    expect(
      await ofTests(`tests:
  - name: a
    at: yesterday
    answers: { oops: ok }
    steps:
      - event: { source: deploy, data: { n: 1 } }
        outcomes: { failed-deplyo: notified, failed-deploy: notifed }
        expect: [{ channel: op }]
`),
    ).toEqual([
      '3:9 this is not a date and time (write it as `2026-11-23T09:00:00+08:00`)',
      '4:16 there is no channel `oops` (did you mean `ops`?)',
      '6:16 the event has no `type` (add one, such as `type: backup.failed`)',
      '6:26 no source is called `deploy` (did you mean `deploys`?)',
      '7:21 there is no rule `failed-deplyo` (did you mean `failed-deploy`?)',
      '7:61 `notifed` is not an outcome (did you mean `notified`?)',
      '8:29 there is no channel `op` (did you mean `ops`?)',
    ]);
  });

  it('may use anchors, aliases and merge keys', async () => {
    const text = `tests:
  - name: a
    steps:
      - event: &e { type: x, data: { n: 1 } }
        expect: [{ title: { contains: x } }]
      - event: { <<: *e, type: y }
        expect: [{ title: { contains: y } }]
`;
    expect(await ofTests(text)).toEqual([]);
  });
});

describe('a step', () => {
  it.each([
    ['after: -5m', '`after` is not a duration'],
    ['after: soon', '`after` is not a duration'],
    ['until: 2026-02-30', 'this is not a date and time'],
    ['until: 2026-11-23T08:59:59+08:00', 'this is before the step before it'],
    ['after: 5m, until: 2026-11-24T09:00:00+08:00', '`after` and `until` both say when'],
    ['event: { type: x }, ack: k', 'one step has `event` and `ack`'],
    ['event: { type: x }, events: [{ type: x }]', 'one step has `event` and `events`'],
    ['expect: []', 'nothing happens in this step'],
    ['events: []', '`events` has too few entries'],
    ['evnet: { type: x }', '`evnet` is not a setting of item 1 of `steps` (did you mean `event`?)'],
    ['event: { data: { n: 1 } }', 'the event has no `type`'],
    ['event: { source: inbox }', 'one of: file.created, file.changed, file.deleted'],
    ['event: { type: x, time: noon }', 'this is not a date and time'],
    [
      'event: { type: x }, expect: [{ titel: y }]',
      '`titel` is not a setting of item 1 of `expect` (did you mean `title`?)',
    ],
    ['event: { type: x }, expect: [{ title: { contians: y } }]', '`contians` is not a setting of `title`'],
    ['event: { type: x }, expect: [{ title: { regex: "(" } }]', 'this is not an RE2 expression'],
    ['event: { type: x }, expect: [{ fields: { a: { regex: "(" } } }]', 'this is not an RE2 expression'],
    ['event: { type: x }, expect: [{ rule: nobody }]', 'there is no rule `nobody`'],
    ['event: { type: x }, expect: [x]', 'item 1 of `expect` must be a map of settings, not text'],
    [
      'event: { type: x }, outcomes: { failed-deploy: [notified, no_match] }',
      'these are 2 outcomes, and the step has 1 event',
    ],
    [
      'after: 1h, outcomes: { failed-deploy: [notified, no_match] }',
      'these are 2 outcomes, and the step has no events',
    ],
    ['silence: { match: {} }', 'the silence has no end'],
    [
      'silence: { match: { data.host: { prefx: a } }, for: 1h }',
      'there is no operator `prefx` (did you mean `prefix`?)',
    ],
  ])('{ %s } is invalid', async (text, problem) => {
    const found = await ofStep(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(problem);
    expect(found[0]).toMatch(/^5:\d+ /);
  });

  it.each([
    [
      'what is sent by a service nobody knows',
      'event: { source: nobody-knows, type: x, data: { n: 1 } }',
      '{ title: { contains: "x " } }',
    ],
    [
      'the one type that its source has',
      'event: { source: nine, data: { n: 1 } }',
      '{ title: { contains: "schedule.tick " } }',
    ],
    [
      'the type of a webhook',
      'event: { source: deploys, data: { n: 1 } }',
      '{ title: { contains: "webhook.received " } }',
    ],
    [
      'an event of the daemon',
      'event: { source: belfry, type: belfry.started, data: { n: 1 } }',
      '{ title: { contains: belfry.started } }',
    ],
    [
      'a time in the zone of the test',
      'event: { type: x, time: "2026-11-23T08:30", data: { n: 1 } }',
      '{ title: "x 2026-11-23T00:30:00.000Z" }',
    ],
    [
      'a time of its own',
      'event: { type: x, time: "2026-11-23T08:30:00+01:00", data: { n: 1 } }',
      '{ title: "x 2026-11-23T08:30:00+01:00" }',
    ],
    ['an extension', 'event: { type: x, traceparent: abc, data: { n: 1 } }', '{}'],
  ])('can have %s', async (_what, event, wanted) => {
    expect(await ofStep(`${event}, expect: [${wanted}], outcomes: { failed-deploy: notified }`)).toEqual([]);
  });

  it.each([
    ['2026-11-23T10:00', '2026-11-23T02:00:00.000Z'],
    ['2026-11-24', '2026-11-23T16:00:00.000Z'],
    ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000Z'],
  ])('until %s is at %s in a test that begins at +08:00', async (until, at) => {
    expect(await ofStep(`until: ${until}, event: { type: x, data: { n: 1 } }, expect: [{ title: "x ${at}" }]`)).toEqual(
      [],
    );
  });
});

it('the answers of a channel are one value or a list', async () => {
  expect(await ofTest('answers: { ops: transient }, steps: [{ after: 1s }]')).toEqual([]);
  expect(await ofTest('answers: { ops: [ok, transeint] }, steps: [{ after: 1s }]')).toEqual([
    expect.stringMatching(/^2:\d+ `transeint` is not a value of item 2 of `ops` \(did you mean `transient`\?\)$/),
  ]);
});
