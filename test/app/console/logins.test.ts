import { expect, test } from 'vitest';
import { consoleLogins } from '../../../daemon/app/console/logins.ts';
import { sessionTokens } from '../../../daemon/app/console/session-token.ts';
import type { Token } from '../../../daemon/core/ruleset.ts';
import { SOCKET_CALLER } from '../../../daemon/http/request/auth.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR = 60 * 60_000;
const OPS = tokenOf('ops', 'ops-token', 'admin');

function opened({ key = 1, clock = new VirtualClock() } = {}) {
  const setting: { tokens: readonly Token[]; isOn: boolean } = { tokens: [OPS], isOn: true };
  const logins = consoleLogins({
    sessions: sessionTokens(Buffer.alloc(32, key)),
    tokens: () => setting.tokens,
    isOn: () => setting.isOn,
    clock,
  });
  const sessionOf = (...[scopes, caller]: Parameters<typeof logins.ticket>) =>
    logins.login(logins.ticket(scopes, caller).ticket)!;
  return { clock, logins, setting, sessionOf };
}

test('a ticket is redeemed once, within a minute, for a session with its scopes that is named after its maker', async () => {
  const { clock, logins, sessionOf } = opened();
  const { ticket, expires_in } = logins.ticket(['read'], SOCKET_CALLER);
  expect(expires_in).toBe(60);
  expect(logins.login(ticket)).toMatchObject({ name: 'console of socket', scopes: ['read'], expires_in: 12 * 3600 });
  expect(logins.login(ticket)).toBeUndefined();
  const late = logins.ticket(['read'], OPS);
  await clock.advance(60_000);
  expect(logins.login(late.ticket)).toBeUndefined();
  const { token } = sessionOf(['read', 'ack'], OPS);
  expect(logins.caller(token)).toMatchObject({ name: 'console of ops', scopes: ['read', 'ack'] });
});

test('a session lasts 12 hours, also over a restart of the daemon, but not with another key', async () => {
  const clock = new VirtualClock();
  const { token } = opened({ clock }).sessionOf(['read'], SOCKET_CALLER);
  const restarted = opened({ clock });
  expect(opened({ clock, key: 2 }).logins.caller(token)).toBeUndefined();
  await clock.advance(12 * HOUR - 1000);
  expect(restarted.logins.caller(token)).toBeDefined();
  await clock.advance(1000);
  expect(restarted.logins.caller(token)).toBeUndefined();
});

test('a session cannot prolong itself: sessions that it makes end when it does, and have the same maker', async () => {
  const { clock, logins, sessionOf } = opened();
  const first = logins.caller(sessionOf(['admin'], OPS).token)!;
  await clock.advance(11 * HOUR);
  const second = sessionOf(['admin'], first);
  expect(second).toMatchObject({ name: 'console of ops', expires_in: 3600 });
  await clock.advance(HOUR);
  expect(logins.caller(second.token)).toBeUndefined();
});

test.each([
  ['is removed', []],
  ['is replaced', [tokenOf('ops', 'another', 'admin')]],
  ['may only read any more', [{ ...OPS, scopes: ['read'] }]],
])('a session and a ticket end when the token that made them %s', (_, tokens) => {
  const { logins, setting, sessionOf } = opened();
  const { token } = sessionOf(['read'], OPS);
  const { ticket } = logins.ticket(['read'], OPS);
  setting.tokens = tokens;
  expect(logins.caller(token)).toBeUndefined();
  expect(logins.login(ticket)).toBeUndefined();
});

test('sessions are refused while `daemon.console` is false', () => {
  const { logins, setting, sessionOf } = opened();
  const { token } = sessionOf(['read'], OPS);
  setting.isOn = false;
  expect(logins.caller(token)).toBeUndefined();
});

test('a token whose claim or signature was changed is not valid, and no text makes it fail', () => {
  const { logins, sessionOf } = opened();
  const { token } = sessionOf(['read'], OPS);
  const [claim, mac] = token.slice('blc_'.length).split('.') as [string, string];
  const more = (scopes: unknown) =>
    Buffer.from(JSON.stringify({ scopes, by: 'ops', until: Number.MAX_SAFE_INTEGER })).toString('base64url');
  const other = `${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`;
  for (const wrong of [
    '',
    'blc_',
    `blc_${claim}`,
    `blc_${claim}.${other}`,
    `blc_${claim}.${mac}x`,
    `blc_${more(['admin'])}.${mac}`,
    `blc_${more('admin')}.${mac}`,
    `blc_bnVsbA.${mac}`,
    `blc_e30.${mac}`,
    `blc__.${mac}`,
  ])
    expect([wrong, logins.caller(wrong)]).toEqual([wrong, undefined]);
});
