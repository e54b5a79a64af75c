import { expect, test } from 'vitest';
import { SAMPLE_PLAN, SAMPLE_SILENCE } from '../../../support/alert-actions.ts';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener } from '../../../support/listener.ts';

const BEFORE = '2026-11-23T08:59:00.000Z';
const WHY = ['--for', '2h', '--reason', 'release night'];

test('a silence has PATH=VALUE, an end and a reason, and the name of the token', async () => {
  const to = await openTestListener();
  const { code, stdout } = await belfry(to, ['silence', 'add', 'rule=disk-full', 'data.host=web1', ...WHY]);
  expect([code, stdout]).toEqual([
    0,
    's-1  active until 2026-11-23T11:00:00.000Z\n  would silence 1 of the firing alerts, and 2 events of the last 24 h\n',
  ]);
  expect(to.daemon.alertActions.posted).toEqual([
    { match: { rule: 'disk-full', 'data.host': 'web1' }, for: '2h', reason: 'release night', by: 'root' },
  ]);
});

test('--plan shows what a silence would have silenced, without a reason and an end, and makes nothing', async () => {
  const to = await openTestListener();
  const { code, stdout } = await belfry(to, ['silence', 'add', 'data.host=web1', '--plan']);
  expect([code, stdout]).toEqual([
    0,
    [
      'would have silenced 1 event and 2 notifications in the last 24 h, and 1 of the firing alerts',
      'TIME                      EVENT  RULE       KEY  SUBJECT  OUTCOME   NOTIFIED',
      '2026-11-23T09:00:00.000Z  e-1    disk-full  db1           notified  ops, boss',
      'nothing was made\n',
    ].join('\n'),
  ]);
  expect(to.daemon.alertActions.planned).toEqual([{ match: { 'data.host': 'web1' } }]);
  expect((await belfry(to, ['silence', 'add', 'key=a', '--plan', '--json'])).json).toEqual([SAMPLE_PLAN]);
  expect(await belfry(to, ['silence', 'add', 'key=a', '--plan', '--if', 'data.n >'])).toMatchObject({ code: 2 });
  expect(to.daemon.alertActions.posted).toEqual([]);
});

test('values are scalars as in YAML, and text where every event has text', async () => {
  const to = await openTestListener();
  const values = ['data.port=8080', 'data.ok=true', 'data.none=null', 'data.text="8080"', 'data.ratio=-0.5'];
  const texts = ['data.zip=01234', 'data.long=12345678901234567890', 'data.a=b=c', 'data.empty=', 'key=8080', 'rule=1'];
  await belfry(to, ['silence', 'add', ...values, ...texts, ...WHY]);
  expect(to.daemon.alertActions.posted).toMatchObject([
    {
      match: {
        'data.port': 8080,
        'data.ok': true,
        'data.none': null,
        'data.text': '8080',
        'data.ratio': -0.5,
        'data.zip': '01234',
        'data.long': '12345678901234567890',
        'data.a': 'b=c',
        'data.empty': '',
        key: '8080',
        rule: '1',
      },
    },
  ]);
});

test('a path given several times holds any of its values, and --match holds patterns', async () => {
  const to = await openTestListener();
  const match = '{"data.host": {"prefix": "web"}}';
  await belfry(to, ['silence', 'add', 'key=a', 'key=b', '--match', match, '--if', 'data.n > 1', ...WHY]);
  expect(to.daemon.alertActions.posted).toMatchObject([
    { match: { 'data.host': { prefix: 'web' }, key: ['a', 'b'] }, if: 'data.n > 1' },
  ]);
});

test('a time without an offset is in the zone of this machine; one with an offset is unchanged', async () => {
  const to = await openTestListener();
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const why = ['--reason', 'r'];
  await belfry(to, ['silence', 'add', 'key=a', '--until', '2099-12-27T08:00', ...why]);
  await belfry(to, ['silence', 'add', 'key=a', '--until', '2099-12-27T08:00+01:00', ...why]);
  await belfry(to, ['silence', 'add', 'key=a', '--until', '2099-12-27', '--timezone', 'Asia/Shanghai', ...why]);
  expect(to.daemon.alertActions.posted).toMatchObject([
    { until: '2099-12-27T08:00', timezone: zone },
    { until: '2099-12-27T08:00+01:00' },
    { until: '2099-12-27', timezone: 'Asia/Shanghai' },
  ]);
  expect(to.daemon.alertActions.posted[1]).not.toHaveProperty('timezone');
});

test('a recurring silence has a pattern and a window', async () => {
  const to = await openTestListener();
  const cron = ['--cron', '0 22 * * *', '--window', '8h', '--timezone', 'Europe/Berlin', '--reason', 'r'];
  expect((await belfry(to, ['silence', 'add', 'rule=r', ...cron, '--name', 'nights', '--by', 'bob'])).code).toBe(0);
  expect(to.daemon.alertActions.posted).toEqual([
    {
      match: { rule: 'r' },
      recurring: { cron: '0 22 * * *', for: '8h', timezone: 'Europe/Berlin' },
      timezone: 'Europe/Berlin',
      reason: 'r',
      name: 'nights',
      by: 'bob (token root)',
    },
  ]);
});

test.each<[string, string[], RegExp]>([
  ['no end', ['key=a', '--reason', 'r'], /a silence has an end: give `--for 2h`/],
  ['nothing to silence', [...WHY], /say what to silence, such as `rule=disk-full`/],
  ['no reason', ['key=a', '--for', '2h'], /say why with `--reason`/],
  ['no PATH=VALUE', ['disk-full', ...WHY], /`disk-full` is not PATH=VALUE/],
  ['a match that is not JSON', ['--match', '{', ...WHY], /--match is not JSON/],
  ['a match that is not an object', ['--match', '[]', ...WHY], /--match is a JSON object/],
  ['a cron without a window', ['key=a', '--cron', '0 22 * * *', '--reason', 'r'], /give both/],
  ['a length that is none', ['key=a', '--for', 'soon', '--reason', 'r'], /--for: .*`2h`/],
  ['an end that has passed', ['key=a', '--until', '2020-01-01', '--reason', 'r'], /--until: this time has passed/],
  ['a condition that is none', ['--if', 'data.', ...WHY], /--if: /],
  ['a pattern that is none', ['--match', '{"a":{"regx":1}}', ...WHY], /match\.a\.regx: .*regex/],
])('%s: exit 2, with what to write, and the daemon is not asked', async (_, args, message) => {
  const { code, stderr } = await belfry(undefined, ['silence', 'add', ...args]);
  expect(stderr).toMatch(message);
  expect([code, stderr.startsWith('belfry: ')]).toEqual([2, true]);
});

test('a condition that fails for present events is reported', async () => {
  const to = await openTestListener();
  const would = { alerts: 0, events: 0, partial: true as const, error: 'no such overload' };
  to.daemon.alertActions.made = { kind: 'made', silence: { ...SAMPLE_SILENCE, would_silence: would } };
  const { stdout } = await belfry(to, ['silence', 'add', '--if', 'data.a > 1', ...WHY]);
  expect(stdout).toContain('at least 0 events');
  expect(stdout).toContain('its condition fails for some of them and does not silence these: no such overload');
});

test('--json prints the answer of the daemon as one line', async () => {
  const to = await openTestListener();
  const { json } = await belfry(to, ['silence', 'add', 'key=a', ...WHY, '--json']);
  expect(json).toEqual([{ ...SAMPLE_SILENCE, would_silence: { alerts: 1, events: 2 } }]);
});

test('the list leaves out expired silences, except with --all', async () => {
  const to = await openTestListener();
  to.daemon.alertActions.known = [
    {
      ...SAMPLE_SILENCE,
      id: 'file:1',
      origin: 'file',
      file: 'night.yaml',
      line: 3,
      state: 'pending',
      match: {},
      if: 'data.n > 1',
      recurring: { cron: '0 22 * * *', for: '8h' },
    },
    { ...SAMPLE_SILENCE, by: 'bob\u001B[31m', name: 'release', last_match: BEFORE, matched_30d: true },
    { ...SAMPLE_SILENCE, id: 's-0', state: 'expired' },
  ];
  const { code, stdout } = await belfry(to, ['silence', 'list']);
  expect(code).toBe(0);
  expect(stdout).not.toContain('\u001B');
  expect(stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
    ['ID', 'STATE', 'UNTIL', 'BY', 'SILENCES', 'LAST MATCH', 'REASON'],
    ['file:1', 'pending', '2026-11-23T11:00:00.000Z', 'night.yaml:3', 'if data.n > 1', 'never', 'release night'],
    ['s-1', 'active', '2026-11-23T11:00:00.000Z', 'bob [31m', 'rule=disk-full', BEFORE, 'release: release night'],
    [''],
  ]);
  expect((await belfry(to, ['silence', 'list', '--all', '--json'])).json).toEqual(await to.daemon.silences());
  expect((await belfry(to, ['silence', 'list', '--json'])).json).toHaveLength(2);
  to.daemon.alertActions.known = [];
  expect((await belfry(to, ['silence', 'list'])).stdout).toBe('no silences\n');
});

test('silences are ended by id; exit 3 when one is unknown, and the others still end', async () => {
  const to = await openTestListener();
  expect(await belfry(to, ['silence', 'expire', 's-1'])).toMatchObject({ code: 0, stdout: 's-1  expired\n' });
  const some = await belfry(to, ['silence', 'expire', 'nobody', 'file:1', 's-1']);
  expect(some).toMatchObject({ code: 3, stdout: 's-1  expired\n' });
  expect(some.stderr).toMatch(/nobody: .*no silence with this id\n.*file:1: .*night\.yaml/);
  expect((await belfry(to, ['silence', 'expire', 'file:1', '--json'])).json).toMatchObject([
    { id: 'file:1', expired: false },
  ]);
  expect(to.daemon.alertActions.expired).toEqual(['s-1', 'nobody', 'file:1', 's-1', 'file:1']);
});

test('warnings about the match are printed with the silence', async () => {
  const to = await openTestListener();
  const { made } = to.daemon.alertActions;
  if (made.kind === 'made')
    to.daemon.alertActions.made = { ...made, silence: { ...made.silence, warnings: ['no event has `data.x`'] } };
  const { code, stdout } = await belfry(to, ['silence', 'add', 'data.x=1', ...WHY]);
  expect([code, stdout.split('\n').at(-2)]).toEqual([0, '  warning: no event has `data.x`']);
});

test('a silence of a rule that does not exist is exit 2; `--force` makes it', async () => {
  const to = await openTestListener();
  const { made } = to.daemon.alertActions;
  const problems = [
    { pointer: '/match/rule', message: 'there is no rule `to-pagr`', mend: 'did you mean `to-pager`?' },
  ];
  to.daemon.alertActions.made = { kind: 'invalid', problems };
  const { code, stderr } = await belfry(to, ['silence', 'add', 'rule=to-pagr', ...WHY]);
  expect([code, to.daemon.alertActions.forced]).toEqual([2, 0]);
  expect(stderr).toBe('belfry: the daemon answered 400: there is no rule `to-pagr`: did you mean `to-pager`?\n');
  to.daemon.alertActions.made = made;
  expect((await belfry(to, ['silence', 'add', 'rule=to-pagr', '--force', ...WHY])).code).toBe(0);
  expect(to.daemon.alertActions.forced).toBe(1);
  expect(to.daemon.alertActions.posted.at(-1)).not.toHaveProperty('force');
});
