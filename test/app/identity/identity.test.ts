import { expect, test } from 'vitest';
import { expiryNotes, openIdentity } from '../../../daemon/app/identity/identity.ts';
import { LastUses } from '../../../daemon/app/identity/last-uses.ts';
import type { Token } from '../../../daemon/core/ruleset.ts';
import { memoryCheckpoints, memorySessions } from '../../support/sessions.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CI = tokenOf('ci', 'ci-token', 'emit');
const DAY = 86_400_000;

function opened({
  checkpoints = memoryCheckpoints(),
  clock = new VirtualClock(),
  tokens = [CI] as readonly Token[],
} = {}) {
  const uses = new LastUses(checkpoints, clock);
  const sessions = memorySessions(clock);
  return {
    checkpoints,
    clock,
    uses,
    identity: openIdentity({ tokens: () => tokens, hasOwn: () => true, sessions, uses, clock }),
  };
}

test('the last use of a token is known with its address, also after a restart', async () => {
  const { checkpoints, clock, identity, uses } = opened();
  expect((await identity.list()).tokens).toEqual([{ name: 'ci', scopes: ['emit'], state: 'valid', origin: 'rules' }]);
  identity.used(CI, '192.0.2.1');
  await clock.advance(1000);
  identity.used(CI, '192.0.2.2');
  const used = { at: new Date(clock.now()).toISOString(), address: '192.0.2.2' };
  expect((await identity.list()).tokens[0]?.last_used).toEqual(used);
  await uses.flush();
  expect((await opened({ checkpoints, clock }).identity.list()).tokens[0]?.last_used).toEqual(used);
});

test('a thousand uses in a minute cost one write', async () => {
  const { checkpoints, clock, identity } = opened();
  for (let count = 0; count < 1000; count += 1) {
    identity.used(CI, undefined);
    await clock.advance(59);
  }
  expect(checkpoints.written).toHaveLength(1);
  await clock.advance(1000);
  identity.used(CI, undefined);
  expect(checkpoints.written).toHaveLength(2);
});

test('a new token under an old name was never used', async () => {
  const { checkpoints, clock, identity, uses } = opened();
  identity.used(CI, undefined);
  await uses.flush();
  const replaced = opened({ checkpoints, clock, tokens: [tokenOf('ci', 'other-token', 'emit')] });
  expect((await replaced.identity.list()).tokens[0]).not.toHaveProperty('last_used');
});

test('a token is shown as expiring 14 days before its end, and as expired from then on', async () => {
  const clock = new VirtualClock();
  const end = clock.now() + 20 * DAY;
  const tokens = [{ ...CI, expires: end }];
  const { identity } = opened({ clock, tokens });
  const state = async () => (await identity.list()).tokens[0]?.state;
  expect([await state(), expiryNotes(tokens, clock.now())]).toEqual(['valid', []]);
  await clock.advance(6 * DAY);
  expect(await state()).toBe('expiring');
  expect(expiryNotes(tokens, clock.now())).toEqual([`the token ci expires at ${new Date(end).toISOString()}`]);
  await clock.advance(14 * DAY);
  expect(await state()).toBe('expired');
  expect(expiryNotes(tokens, clock.now())[0]).toContain('the token ci expired at');
});
