import { expect, it } from 'vitest';
import { everyOrder, someOrders, type Explored, type WalkBounds } from '../delivery/protocol/explorer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ROUNDS } from './rounds.ts';
import { Rounds } from './support/report.ts';

/** Walks of one round. */
const WALKS = 40;

function report(rounds: Rounds, { walks, steps, found }: Explored, where: string): void {
  rounds.add('orders', walks);
  rounds.add('steps', steps);
  rounds.end(
    found.map((text) => ({ invariant: 'I5' as const, text })),
    where,
  );
}

it('each order of a send with any answer, its writes, a crash and a resend is one of the delivery protocol', async () => {
  const rounds = new Rounds('every order of one delivery', ['I1', 'I2', 'I5']);
  const bounds: WalkBounds = { deliveries: 1, crashes: 1, resends: 1, drops: 0, reloads: 0 };
  report(rounds, await everyOrder({ folder: await temporaryFolder(), bounds }), 'depth first');
  expect(rounds.violations).toEqual([]);
});

it('orders by chance of two deliveries, crashes, resends, a drop and reloads are of the delivery protocol', async () => {
  const rounds = new Rounds('orders of two deliveries by chance', ['I1', 'I2', 'I4', 'I5']);
  const bounds: WalkBounds = { deliveries: 2, crashes: 2, resends: 2, drops: 1, reloads: 2 };
  const folder = await temporaryFolder();
  for (let round = 0; round < ROUNDS; round += 1) {
    report(rounds, await someOrders({ folder, bounds }, WALKS, Math.random), `round ${round}`);
    if (round % 50 === 49) rounds.progress(ROUNDS);
  }
  expect(rounds.violations).toEqual([]);
});
