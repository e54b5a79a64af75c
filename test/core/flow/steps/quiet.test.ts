import { describe } from 'vitest';
import { ruleText, story } from '../script.ts';

const SOURCE = ruleText(
  'match: { data.state: dead }, key: "{{ data.host }}", resolve: { match: { data.state: alive } }, notify: boss',
  'host-down',
);
const INHIBITED = 'inhibited_by: { rule: host-down, equal: data.host }';

describe('inhibited_by', () => {
  const more = { others: SOURCE };
  story(
    'drops events while the other rule fires with an equal value',
    INHIBITED,
    ['0 dead host=w1 > boss firing', '1m down host=w1: inhibited', '2m down host=w2: notified > ops firing'],
    more,
  );
  story(
    'notifies again when the other rule is resolved',
    INHIBITED,
    [
      '0 dead host=w1 > boss firing',
      '1m down host=w1: inhibited',
      '2m alive host=w1',
      '3m down host=w1: notified > ops firing',
    ],
    more,
  );
  story('notifies when the other rule does not fire', INHIBITED, ['0 down host=w1: notified > ops firing'], more);
  story(
    'a field that is missing in both events is not equal',
    INHIBITED,
    ['0 dead > boss firing', '1m down: notified > ops firing'],
    more,
  );
  story(
    'without `equal` any alert of the other rule inhibits',
    'inhibited_by: { rule: host-down }',
    ['0 dead host=w9 > boss firing', '1m down host=w1: inhibited'],
    more,
  );
  story(
    'all of several values must be equal',
    'inhibited_by: { rule: host-down, equal: [data.host, data.rack] }',
    [
      '0 dead host=w1 rack=r1 > boss firing',
      '1m down host=w1 rack=r2: notified > ops firing',
      '2m down host=w1 rack=r1: inhibited',
    ],
    more,
  );
  story(
    'any of several rules inhibits',
    'inhibited_by: [{ rule: net-down }, { rule: host-down, equal: data.host }]',
    ['0 cut > chief firing', '1m down host=w1: inhibited', '2m mend', '3m down host=w1: notified > ops firing'],
    {
      others:
        SOURCE +
        ruleText(
          'match: { data.state: cut }, key: net, resolve: { match: { data.state: mend } }, notify: chief',
          'net-down',
        ),
    },
  );
  story(
    'inhibits over a restart, in either order of the events',
    INHIBITED,
    ['0 dead host=w1 > boss firing', '1h sleep', '1h down host=w1: inhibited'],
    more,
  );
  story(
    'an alert that notified nobody notifies by its next match',
    `${INHIBITED}, resolve: { match: { data.state: up } }, notify_resolved: true`,
    [
      '0 dead host=w1 > boss firing',
      '1m down host=w1: inhibited',
      '2m alive host=w1',
      '3m down host=w1: notified > ops firing',
      '4m down host=w1: deduplicated',
      '5m up: resolved > ops resolved',
    ],
    more,
  );
  story(
    'the end of an alert that notified nobody notifies nobody',
    `${INHIBITED}, resolve: { match: { data.state: up } }, notify_resolved: true`,
    ['0 dead host=w1 > boss firing', '1m down host=w1: inhibited', '2m up: resolved'],
    more,
  );
  story('a silenced alert also inhibits others', INHIBITED, ['0 dead host=w1', '1m down host=w1: inhibited'], {
    others: SOURCE,
    beside: 'silences: [{ match: { rule: host-down }, until: "2027-01-01T00:00:00Z", reason: x }]\n',
  });
  story(
    'an alert without `resolve` inhibits until it is acknowledged',
    'inhibited_by: { rule: pager }',
    ['0 dead > boss firing', '1m down: inhibited', '2m ack p: 1', '3m down: notified > ops firing'],
    { others: ruleText('match: { data.state: dead }, key: p, repeat: 1h, notify: boss', 'pager') },
  );
});

describe('silences', () => {
  const silenced = (silence: string) => ({ beside: `silences: [{ ${silence}, reason: r }]\n` });
  const UNTIL = 'until: "2026-11-23T10:00:00Z"';
  story(
    'a matching silence applies until it is over',
    '',
    ['0 down host=w1: silenced', '59m59s down host=w1: silenced', '1h down host=w1: notified > ops firing'],
    silenced(`match: { data.host: w1 }, ${UNTIL}`),
  );
  story(
    'a silence that does not match does not apply',
    '',
    ['0 down host=w2: notified > ops firing'],
    silenced(`match: { data.host: w1 }, ${UNTIL}`),
  );
  story(
    'a silence that has not begun does not apply',
    '',
    ['0 down: notified > ops firing', '30m down: silenced', '1h down: notified > ops firing'],
    silenced(`match: {}, from: "2026-11-23T09:30:00Z", ${UNTIL}`),
  );
  story('a silence for the rule', '', ['0 down: silenced'], silenced(`match: { rule: r }, ${UNTIL}`));
  story('a silence for another rule', '', ['0 down: notified > ops firing'], silenced(`match: { rule: q }, ${UNTIL}`));
  story(
    'a silence for a key',
    '',
    ['0 down a: silenced', '1m down b: notified > ops firing'],
    silenced(`match: { key: a }, ${UNTIL}`),
  );
  story(
    'a silence with a condition',
    '',
    ['0 down n=1: silenced', '1m down n=2: notified > ops firing'],
    silenced(`match: {}, if: "data.n == '1'", ${UNTIL}`),
  );
  story(
    'a silence whose condition fails silences nothing',
    '',
    ['0 down n=x: notified > ops firing'],
    silenced(`match: {}, if: "data.n + 1 > 2", ${UNTIL}`),
  );
  story(
    'a silence whose condition names a missing field silences nothing',
    '',
    ['0 down: notified > ops firing'],
    silenced(`match: {}, if: "data.nope == 1", ${UNTIL}`),
  );
  story(
    'a silence that recurs each night',
    '',
    [
      '0 down: notified > ops firing',
      '2026-11-23T21:59:59Z down: notified > ops firing',
      '2026-11-23T22:00:00Z down: silenced',
      '2026-11-24T03:59:59Z down: silenced',
      '2026-11-24T04:00:00Z down: notified > ops firing',
      '2026-11-24T22:30:00Z down: silenced',
    ],
    silenced('match: {}, recurring: { cron: "0 22 * * *", for: 6h, timezone: UTC }'),
  );
  story(
    'a recurring silence may have an end',
    '',
    ['2026-11-23T22:30:00Z down: silenced', '2026-11-24T22:30:00Z down: notified > ops firing'],
    silenced('match: {}, recurring: { cron: "0 22 * * *", for: 6h, timezone: UTC }, until: "2026-11-24T12:00:00Z"'),
  );
  story(
    'the end of a notified alert is sent despite a silence',
    'resolve: { match: { data.state: up } }, notify_resolved: true',
    ['0 down: notified > ops firing', '40m up: resolved > ops resolved'],
    silenced(`match: {}, from: "2026-11-23T09:30:00Z", ${UNTIL}`),
  );
  story(
    'a silenced alert is notified by a repeat after the silence',
    'resolve: { match: { data.state: up } }, repeat: 50m',
    ['0 down: silenced', '50m', '1h40m > ops firing'],
    silenced(`match: {}, ${UNTIL}`),
  );
});

describe('hours', () => {
  const OFFICE = 'hours: { office: { days: mon-fri, from: "09:00", to: "18:00", timezone: UTC } }\n';
  const at = (start: string) => ({ beside: OFFICE, start: Date.parse(start) });
  story(
    'an event inside the hours notifies',
    'during: office',
    ['0 down: notified > ops firing'],
    at('2026-11-23T09:00:00Z'),
  );
  story(
    'an event outside the hours is dropped',
    'during: office',
    ['0 down: outside_hours', '1m down: notified > ops firing'],
    at('2026-11-23T08:59:00Z'),
  );
  story(
    'the end is outside the hours',
    'during: office',
    ['0 down: notified > ops firing', '1m down: outside_hours', '3d'],
    at('2026-11-23T17:59:00Z'),
  );
  story(
    'a held event notifies when the hours begin',
    'during: office, outside: hold',
    ['0 down: held', '14h59m', '15h > ops firing'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'an event is held over a weekend',
    'during: office, outside: hold',
    ['0 down: held', '2026-11-30T08:59:59Z', '2026-11-30T09:00:00Z > ops firing'],
    at('2026-11-27T18:00:00Z'),
  );
  story(
    'each held event notifies, in order',
    'during: office, outside: hold, message: { title: T, body: "{{ data.n }}" }',
    ['0 down n=1: held', '1m down n=2: held', '2m down n=3: held', '15h > ops 1, ops 2, ops 3', '40h'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'held events pass the steps after it',
    'during: office, outside: hold, dedupe: 1h',
    ['0 down: held', '1m down: held', '15h > ops firing', '15h down: deduplicated'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'held events can be digested',
    'during: office, outside: hold, digest: { wait: 1m }, message: { title: T, body: "{{ count }}" }',
    ['0 down: held', '1m down: held', '15h', '15h1m > ops 2'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'not_during drops events inside the hours',
    'not_during: office',
    ['0 down: outside_hours', '9h down: notified > ops firing'],
    at('2026-11-23T09:00:00Z'),
  );
  story(
    'not_during holds events until the hours are over',
    'not_during: office, outside: hold',
    ['0 down: held', '9h > ops firing'],
    at('2026-11-23T09:00:00Z'),
  );
  story(
    'both: inside some hours and outside others',
    'during: office, not_during: lunch',
    ['0 down: notified > ops firing', '3h down: outside_hours', '4h down: notified > ops firing'],
    {
      beside:
        'hours: { office: { days: mon-fri, from: "09:00", to: "18:00", timezone: UTC }, lunch: { from: "12:00", to: "13:00", timezone: UTC } }\n',
    },
  );
  story(
    'hours over midnight',
    'during: night',
    [
      '0 down: outside_hours',
      '2026-11-23T22:00:00Z down: notified > ops firing',
      '2026-11-24T05:59:00Z down: notified > ops firing',
      '2026-11-24T06:00:00Z down: outside_hours',
    ],
    {
      beside: 'hours: { night: { from: "22:00", to: "06:00", timezone: UTC } }\n',
    },
  );
  story(
    'any of several hours',
    'during: [office, saturday]',
    ['2026-11-28T10:00:00Z down: notified > ops firing', '2026-11-29T10:00:00Z down: outside_hours'],
    {
      beside: 'hours: { office: { days: mon-fri, timezone: UTC }, saturday: { days: sat, timezone: UTC } }\n',
    },
  );
  story(
    'a held event waits over a restart',
    'during: office, outside: hold',
    ['0 down: held', '1h restart', '15h > ops firing'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'a held event whose hours began while the daemon was stopped notifies at the start',
    'during: office, outside: hold',
    ['0 down: held', '17h sleep > ops firing'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'a held event notifies at once when the hours are removed from the rule',
    'during: office, outside: hold',
    ['0 down: held', '1h edit: r: 1 in `hours` go on now, because the rule does not have it any more > ops firing'],
    { ...at('2026-11-23T18:00:00Z'), edits: ['enabled: true'] },
  );
  story(
    'of an alert the latest event is held',
    'during: office, outside: hold, resolve: { match: { data.state: up } }, message: { title: T, body: "{{ data.n }}" }',
    ['0 down n=1: held', '1m down n=2: held', '15h > ops 2'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'an alert that ends before the hours begin is never notified',
    'during: office, outside: hold, resolve: { match: { data.state: up } }, notify_resolved: true',
    ['0 down: held', '1h up: resolved', '15h', '40h'],
    at('2026-11-23T18:00:00Z'),
  );
  story(
    'the end of an alert waits for the hours, too',
    'during: office, resolve: { match: { data.state: up } }, notify_resolved: true',
    ['0 down: notified > ops firing', '2h up: resolved', '15h59m', '16h > ops resolved'],
    at('2026-11-23T17:00:00Z'),
  );
  story(
    'there are no repeats outside the hours',
    'during: office, repeat: 30m, resolve: { match: { data.state: up } }',
    ['0 down: notified > ops firing', '30m > ops firing', '1h', '15h30m', '16h > ops firing'],
    at('2026-11-23T17:00:00Z'),
  );
});

describe('hours on days when the clock is changed', () => {
  const hours = (timezone: string, from: string, to: string) =>
    `hours: { h: { from: "${from}", to: "${to}", timezone: ${timezone} } }\n`;
  const HOLD = 'during: h, outside: hold';
  story(
    'Berlin, spring: hours that begin in the skipped hour begin after it',
    HOLD,
    ['0 down: held', '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z > ops firing'],
    { beside: hours('Europe/Berlin', '02:30', '05:00'), start: Date.parse('2026-03-29T00:00:00Z') },
  );
  story(
    'Berlin, spring: the night is an hour shorter',
    HOLD,
    ['0 down: held', '2026-03-29T05:59:59Z', '2026-03-29T06:00:00Z > ops firing'],
    { beside: hours('Europe/Berlin', '08:00', '18:00'), start: Date.parse('2026-03-28T17:30:00Z') },
  );
  story(
    'Berlin, autumn: the night is an hour longer',
    HOLD,
    ['0 down: held', '2026-10-25T06:59:59Z', '2026-10-25T07:00:00Z > ops firing'],
    { beside: hours('Europe/Berlin', '08:00', '18:00'), start: Date.parse('2026-10-24T17:30:00Z') },
  );
  story(
    'New York, spring: the night is an hour shorter',
    HOLD,
    ['0 down: held', '2026-03-08T11:59:59Z', '2026-03-08T12:00:00Z > ops firing'],
    { beside: hours('America/New_York', '08:00', '18:00'), start: Date.parse('2026-03-08T00:00:00Z') },
  );
  story(
    'New York, autumn: the repeated hour begins once',
    HOLD,
    [
      '0 down: held',
      '2026-11-01T05:29:59Z',
      '2026-11-01T05:30:00Z > ops firing',
      '2026-11-01T06:30:00Z down: notified > ops firing',
    ],
    { beside: hours('America/New_York', '01:30', '03:00'), start: Date.parse('2026-11-01T04:00:00Z') },
  );
  story(
    'Lord Howe, spring: half an hour is skipped',
    HOLD,
    ['0 down: held', '2026-10-03T20:59:59Z', '2026-10-03T21:00:00Z > ops firing'],
    { beside: hours('Australia/Lord_Howe', '08:00', '18:00'), start: Date.parse('2026-10-03T12:00:00Z') },
  );
  story(
    'Lord Howe, autumn: half an hour is repeated',
    HOLD,
    ['0 down: held', '2026-04-04T21:29:59Z', '2026-04-04T21:30:00Z > ops firing'],
    { beside: hours('Australia/Lord_Howe', '08:00', '18:00'), start: Date.parse('2026-04-04T12:00:00Z') },
  );
  story(
    'Shanghai: no change at all',
    HOLD,
    ['0 down: held', '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z > ops firing'],
    { beside: hours('Asia/Shanghai', '09:00', '18:00'), start: Date.parse('2026-03-28T12:00:00Z') },
  );
  story('a `for` counts elapsed time', 'for: 2h', ['0 down: waiting', '1h59m59s', '2h > ops firing'], {
    start: Date.parse('2026-03-29T00:30:00Z'),
  });
});
