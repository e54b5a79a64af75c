import { expect, test } from 'vitest';
import { SAMPLE_ALERT } from '../../../support/alert-actions.ts';
import { belfry } from '../../../support/command-line.ts';
import { personOf } from '../../../../daemon/cli/render/terminal.ts';
import { openTestListener } from '../../../support/listener.ts';

test('firing alerts are a table, or one line of JSON each', async () => {
  const to = await openTestListener();
  const common = { requested_at: '2026-11-23T09:00:00.000Z' };
  const list = [
    { channel: 'ops', delivery: 'd-1', state: 'delivered', ...common, delivered_at: '2026-11-23T09:00:01.000Z' },
    { channel: 'boss', to: ['+49'], delivery: 'd-2', state: 'dead', ...common, error: 'http.410: gone' },
  ] as const;
  const notifications = { requested: 2, delivered: 1, pending: 0, held: 0, dead: 1, list };
  to.daemon.alertActions.firing = [
    { ...SAMPLE_ALERT, notifications },
    {
      ...SAMPLE_ALERT,
      rule: 'login',
      key: 'bad\u001B[31m key',
      state: 'acknowledged',
      acknowledged_by: 'bob',
      told: [],
      next_at: '2099-01-01T00:00:00.000Z',
    },
  ];
  const { code, stdout } = await belfry(to, ['alerts']);
  expect(code).toBe(0);
  expect(stdout).not.toContain('\u001B');
  expect(stdout.split('\n').map((line) => line.replace(/ \(\S+\)/, '').split(/\s{2,}/))).toEqual([
    ['RULE', 'KEY', 'STATE', 'SINCE', 'COUNT', 'NEXT', 'NOTIFIED'],
    [
      'disk-full',
      'db1',
      'firing',
      '2026-11-23T09:00:00.000Z',
      '2',
      'ops delivered 2026-11-23T09:00:01.000Z; boss to +49 dead (http.410: gone), requested 2026-11-23T09:00:00.000Z',
    ],
    [
      'login',
      'bad [31m key',
      'acknowledged by bob',
      '2026-11-23T09:00:00.000Z',
      '2',
      '2099-01-01T00:00:00.000Z',
      'nobody yet',
    ],
    [''],
  ]);
  expect((await belfry(to, ['alerts', '--json'])).json).toEqual(to.daemon.alertActions.firing);
  expect((await belfry(to, ['alerts', '--rule', 'login', '--json'])).json).toHaveLength(1);
  expect(await belfry(to, ['alerts', '--rule', 'nobody'])).toMatchObject({ code: 3, stdout: 'nothing fires\n' });
});

test.each([
  [['ack'], 'acknowledged'],
  [['unack'], 'unacknowledged'],
  [['alerts', 'resolve'], 'resolved'],
])('`%j` takes any key, a rule, a note and a name', async (words, done) => {
  const to = await openTestListener();
  const keys = ['db1', 'api|disk|/srv data', '..', '', '磁盘'];
  to.daemon.alertActions.firing = keys.map((key) => ({ ...SAMPLE_ALERT, key }));
  for (const key of keys) expect((await belfry(to, [...words, key])).stdout).toBe(`disk-full  ${key}  ${done}\n`);
  const one = await belfry(to, [...words, 'db1', '--rule', 'disk-full', '--by', 'bob', '--note', 'at work', '--json']);
  expect(one.json).toEqual([{ rule: 'disk-full', key: 'db1' }]);
  const verb = words.at(-1);
  // With a token only a given name is sent: the daemon knows the name of the token.
  expect(to.daemon.alertActions.changes).toEqual([
    ...keys.map((key) => ({ verb, key, by: 'root' })),
    { verb, key: 'db1', rule: 'disk-full', note: 'at work', by: 'bob (token root)' },
  ]);
});

test('without a token the name of the user is sent, of the one who called sudo rather than root', async () => {
  expect(personOf({ env: { USER: 'ann' } }, {})).toBe('ann');
  expect(personOf({ env: { USER: 'root', SUDO_USER: 'ann' } }, {})).toBe('ann');
  expect(personOf({ env: { USER: 'ann' } }, { by: 'bob' })).toBe('bob');
  expect(personOf({ env: { USER: 'ann', BELFRY_TOKEN: 't' } }, {})).toBeUndefined();
  expect(personOf({ env: {} }, {})).toBeUndefined();
});

test('exit 3 when nothing fires for the key, with a suggestion', async () => {
  const to = await openTestListener();
  const { code, stdout, stderr } = await belfry(to, ['ack', 'db2']);
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toBe('belfry: the daemon answered 404: nothing fires for this key; keys with such an alert: `db1`\n');
});

test('without a daemon it is exit 69', async () => {
  const env = { BELFRY_CONFIG: '/nowhere/rules', STATE_DIRECTORY: '/nowhere' };
  for (const args of [
    ['alerts'],
    ['ack', 'a'],
    ['alerts', 'resolve', 'a'],
    ['silence', 'list'],
    ['silence', 'expire', 'x'],
  ])
    expect((await belfry(undefined, args, env)).code).toBe(69);
});
