import { expect, test } from 'vitest';
import { consoleLogins } from '../../../daemon/app/identity/logins.ts';
import { Sessions } from '../../../daemon/app/identity/sessions.ts';
import { sessionTokens } from '../../../daemon/app/identity/session-token.ts';
import type { Token } from '../../../daemon/core/ruleset.ts';
import { SOCKET_CALLER } from '../../../daemon/http/request/auth.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';
import { memoryCheckpoints } from '../../support/sessions.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR = 60 * 60_000;
const OPS = tokenOf('ops', 'ops-token', 'admin');

async function opened({ key = 1, clock = new VirtualClock(), checkpoints = memoryCheckpoints() } = {}) {
  const setting: { tokens: readonly Token[]; isOn: boolean } = { tokens: [OPS], isOn: true };
  const known = await Sessions.open(checkpoints, clock);
  const logins = consoleLogins({
    known,
    sessions: sessionTokens(Buffer.alloc(32, key)),
    tokens: () => setting.tokens,
    isOn: () => setting.isOn,
    clock,
  });
  const login = (ticket: string) => logins.login(ticket, '192.0.2.1');
  const sessionOf = async (...[scopes, caller]: Parameters<typeof logins.ticket>) =>
    (await login(logins.ticket(scopes, caller).ticket))!;
  return { clock, logins, login, setting, sessionOf, known };
}

test('a ticket is redeemed once, within a minute, for a session with its scopes that is named after its maker', async () => {
  const { clock, logins, login, sessionOf } = await opened();
  const { ticket, expires_in } = logins.ticket(['read'], SOCKET_CALLER);
  expect(expires_in).toBe(60);
  expect(await login(ticket)).toMatchObject({ name: 'console of socket', scopes: ['read'], expires_in: 12 * 3600 });
  expect(await login(ticket)).toBeUndefined();
  const late = logins.ticket(['read'], OPS);
  await clock.advance(60_000);
  expect(await login(late.ticket)).toBeUndefined();
  const { token } = await sessionOf(['read', 'ack'], OPS);
  expect(logins.caller(token)).toMatchObject({ name: 'console of ops', scopes: ['read', 'ack'] });
});

test('a session lasts 12 hours, also over a restart of the daemon, but not with another key', async () => {
  const clock = new VirtualClock();
  const checkpoints = memoryCheckpoints();
  const { token } = await (await opened({ clock, checkpoints })).sessionOf(['read'], SOCKET_CALLER);
  const restarted = await opened({ clock, checkpoints });
  expect((await opened({ clock, checkpoints, key: 2 })).logins.caller(token)).toBeUndefined();
  await clock.advance(12 * HOUR - 1000);
  expect(restarted.logins.caller(token)).toBeDefined();
  await clock.advance(1000);
  expect(restarted.logins.caller(token)).toBeUndefined();
});

test('a session cannot prolong itself: sessions that it makes end when it does, and have the same maker', async () => {
  const { clock, logins, sessionOf } = await opened();
  const first = logins.caller((await sessionOf(['admin'], OPS)).token)!;
  await clock.advance(11 * HOUR);
  const second = await sessionOf(['admin'], first);
  expect(second).toMatchObject({ name: 'console of ops', expires_in: 3600 });
  await clock.advance(HOUR);
  expect(logins.caller(second.token)).toBeUndefined();
});

test.each([
  ['is removed', []],
  ['is replaced', [tokenOf('ops', 'another', 'admin')]],
  ['may only read any more', [{ ...OPS, scopes: ['read'] }]],
  ['has expired', [{ ...OPS, expires: 0 }]],
])('a session and a ticket end when the token that made them %s', async (_, tokens) => {
  const { logins, login, setting, sessionOf } = await opened();
  const { token } = await sessionOf(['read'], OPS);
  const { ticket } = logins.ticket(['read'], OPS);
  setting.tokens = tokens;
  expect(logins.caller(token)).toBeUndefined();
  expect(await login(ticket)).toBeUndefined();
});

test('sessions are refused while `daemon.console` is false', async () => {
  const { logins, setting, sessionOf } = await opened();
  const { token } = await sessionOf(['read'], OPS);
  setting.isOn = false;
  expect(logins.caller(token)).toBeUndefined();
});

test('a token whose claim or signature was changed is not valid, and no text makes it fail', async () => {
  const { logins, sessionOf } = await opened();
  const { token } = await sessionOf(['read'], OPS);
  const [claim, mac] = token.slice('blc_'.length).split('.') as [string, string];
  const more = (scopes: unknown) =>
    Buffer.from(JSON.stringify({ id: 'x', scopes, by: 'ops', until: Number.MAX_SAFE_INTEGER })).toString('base64url');
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

test('a session that was ended is not valid any more, also after a restart', async () => {
  const checkpoints = memoryCheckpoints();
  const { logins, known, sessionOf } = await opened({ checkpoints });
  const [kept, ended] = [await sessionOf(['read'], OPS), await sessionOf(['read'], OPS)];
  expect(known.list()).toHaveLength(2);
  expect(await known.end(ended.id)).toBe(true);
  expect(await known.end(ended.id)).toBe(false);
  expect([logins.caller(kept.token)?.name, logins.caller(ended.token)]).toEqual(['console of ops', undefined]);
  const restarted = await opened({ checkpoints });
  expect([restarted.logins.caller(kept.token)?.name, restarted.logins.caller(ended.token)]).toEqual([
    'console of ops',
    undefined,
  ]);
});

test('at most 1,000 sessions are open: a further login ends the oldest', async () => {
  const { clock, logins, known, sessionOf } = await opened();
  const first = await sessionOf(['read'], OPS);
  await clock.advance(1000);
  for (let count = 1; count < 1000; count += 1) await sessionOf(['read'], OPS);
  expect(logins.caller(first.token)).toBeDefined();
  await sessionOf(['read'], OPS);
  expect([known.list().length, logins.caller(first.token)]).toEqual([1000, undefined]);
});
