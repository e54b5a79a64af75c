import { expect, test } from 'vitest';
import { RefusedLogins } from '../../../../daemon/app/identity/audit/refused-logins.ts';
import type { AuditEntry } from '../../../../daemon/core/audit/entry.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

function opened() {
  const clock = new VirtualClock();
  const entries: AuditEntry[] = [];
  return { clock, entries, refusals: new RefusedLogins(clock, (entry) => entries.push(entry)) };
}

const WRONG = { way: 'token', reason: 'unknown', via: 'token', address: '192.0.2.7' } as const;
const MINUTE = 60_000;

test('the first refusal of a kind is written at once, its repetitions as a number after ten minutes', async () => {
  const { clock, entries, refusals } = opened();
  for (let count = 0; count < 1000; count += 1) refusals.add(WRONG);
  refusals.add({ ...WRONG, reason: 'expired', name: 'ci' });
  expect(entries).toMatchObject([
    {
      actor: 'unknown',
      address: '192.0.2.7',
      action: 'token.refused',
      target: 'token',
      details: { reason: 'unknown' },
    },
    { actor: 'ci', details: { reason: 'expired' } },
  ]);
  await clock.advance(10 * MINUTE);
  expect(entries).toHaveLength(3);
  expect(entries[2]).toMatchObject({ address: '192.0.2.7', details: { reason: 'unknown', count: 999 } });
  await clock.advance(60 * MINUTE);
  expect(entries).toHaveLength(3);
  expect(clock.waiting).toBe(0);
});

test('refusals from many addresses become few lines, and none is left uncounted', async () => {
  const { clock, entries, refusals } = opened();
  for (let count = 0; count < 5000; count += 1) refusals.add({ ...WRONG, address: `2001:db8::${count.toString(16)}` });
  await clock.advance(10 * MINUTE);
  expect(entries).toHaveLength(21);
  expect(entries.at(-1)).toMatchObject({ actor: 'unknown', details: { count: 4980 } });
  expect(entries.at(-1)).not.toHaveProperty('address');
});

test('a stop writes the numbers that wait', () => {
  const { clock, entries, refusals } = opened();
  refusals.add(WRONG);
  refusals.add(WRONG);
  refusals.flush();
  expect(entries.map(({ details }) => details?.count)).toEqual([undefined, 1]);
  expect(clock.waiting).toBe(0);
});
