import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { styleOf } from '../../daemon/cli/render/style.ts';
import { SAMPLE_ALERT } from '../support/alert-actions.ts';
import { runCommand, testTerminal, type TestTerminal } from '../support/command-line.ts';
import { type OpenedListener, openTestListener } from '../support/listener.ts';

beforeEach(() => void vi.stubEnv('TZ', 'Asia/Shanghai'));
afterEach(() => void vi.unstubAllEnvs());

/** Terminal of a user, who sees what is written. */
function userTerminal(): TestTerminal {
  return testTerminal({ stdout: Object.assign(new PassThrough(), { isTTY: true }), env: { NO_COLOR: '1' } });
}

test('a time is local on a terminal, UTC with --utc, and RFC 3339 in a pipe', () => {
  const at = '2026-11-23T23:30:05.123Z';
  expect(styleOf(userTerminal(), {}).time(at)).toBe('2026-11-24 07:30:05');
  expect(styleOf(userTerminal(), { utc: true }).time(at)).toBe('2026-11-23 23:30:05Z');
  expect(styleOf(testTerminal(), {}).time(at)).toBe(at);
  expect(styleOf(testTerminal(), { utc: true }).time(at)).toBe(at);
});

test('times inside a reason are shown like other times', () => {
  const { times } = styleOf(userTerminal(), {});
  expect(times('refused (http.401) since 2026-11-23T09:00:00.000Z; rests until 2026-11-23T10:00:00Z')).toBe(
    'refused (http.401) since 2026-11-23 17:00:00; rests until 2026-11-23 18:00:00',
  );
  expect(times('version 2026-11-23')).toBe('version 2026-11-23');
});

/** A daemon with something to show for each verb; all its times are on 2026-11-23. */
async function busyDaemon(): Promise<OpenedListener> {
  const to = await openTestListener();
  const { daemon } = to;
  daemon.alertActions.firing = [{ ...SAMPLE_ALERT, next_at: '2026-11-23T10:00:00.000Z' }];
  daemon.letters = [
    {
      id: 'd-2',
      dead_at: '2026-11-23T09:00:00.000Z',
      class: 'permanent',
      error: { code: 'http.410', message: 'gone' },
      channel: 'ops',
      channel_type: 'webhook',
      rule: 'backups',
      key: '',
      event: { id: 'e-1', source: 'api', type: 't', time: '2026-11-23T09:00:00.000Z', data: null },
      message: { title: 'T', body: '', format: 'text', priority: 'normal', tags: [] },
      attempts: [],
    },
  ];
  daemon.ready = { ready: true, reasons: ['channel ops is paused: held since 2026-11-23T09:00:00.000Z'] };
  daemon.current = { ...daemon.current, reasons: daemon.ready.reasons };
  return to;
}

const VERBS = [
  'status',
  'events',
  'events e-1',
  'deliveries',
  'deliveries d-1',
  'deliveries --message',
  'alerts',
  'silence list',
  'silence add rule=disk-full --for 2h --reason release',
  'channel list',
  'dead list',
  'hold ops --for 2h',
];

test.each(VERBS)('on a terminal no time of `belfry %s` is in UTC, and with --utc every time is', async (verb) => {
  const to = await busyDaemon();
  const at = ['--url', `http://${to.listener.address}`, '--token', 'admin-token'];
  const local = await runCommand(userTerminal(), [...verb.split(' '), ...at]);
  const utc = await runCommand(userTerminal(), [...verb.split(' '), '--utc', ...at]);
  const pipe = await runCommand(testTerminal(), [...verb.split(' '), ...at]);
  const shown = (text: string) => text.replace(/event as received[^]*/, '');
  expect(shown(local.stdout)).not.toMatch(/\dZ|T\d\d:/);
  expect(shown(utc.stdout)).not.toMatch(/T\d\d:|\d\d:\d\d:\d\d(?!Z)/);
  expect(shown(pipe.stdout)).not.toMatch(/\d \d\d:\d\d:\d\d/);
});
