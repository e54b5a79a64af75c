import { test } from 'vitest';
import { hasPostgres, NEEDS_POSTGRES } from '../../support/postgres-server.ts';
import { conserved } from '../support/conservation.ts';
import { ROUNDS } from '../rounds.ts';
import type { Rounds, Violation } from '../support/report.ts';
import type { Cluster } from './cluster.ts';

/** Test that needs a server of PostgreSQL; it is skipped where none is installed. */
export function postgresTest(title: string, body: () => Promise<void>): void {
  test(title, async (context) => {
    if (!hasPostgres()) return context.skip(NEEDS_POSTGRES);
    await body();
  });
}

/** Rounds from which on a run is a long one. */
const LONG = 5;

/** Test that a short run leaves out. */
export function longTest(title: string, body: () => Promise<void>): void {
  if (ROUNDS >= LONG) postgresTest(title, body);
  else test(title, (context) => context.skip(`needs BELFRY_ROUNDS=${LONG} or more`));
}

interface Comparison {
  /** Violations that the trial itself has found. */
  readonly more?: readonly Violation[];
  /** Milliseconds that deliveries may take to end. */
  readonly drainMs?: number | undefined;
}

/**
 * Ends a round: posts again what got no answer, waits until all work is done, and compares everything. Two things are counted and are no
 * violations: deliveries of one key that two instances have after a takeover, which may arrive in any order, and a total that counts a
 * receipt twice because its delivery was taken over at the same time.
 */
export async function compare(
  cluster: Cluster,
  rounds: Rounds,
  where: string,
  { more = [], drainMs }: Comparison = {},
): Promise<void> {
  await cluster.repeatUnanswered();
  const { violations, events, duplicates } = await conserved(cluster, drainMs);
  const outOfOrder = violations.filter(({ invariant }) => invariant === 'I21');
  rounds.max('events', events);
  rounds.max('arrived twice', duplicates);
  const totals = violations.filter(({ text }) => text.startsWith('audit: ') && text.includes(' were counted, but '));
  rounds.max('out of order', outOfOrder.length);
  rounds.max('totals that differ', totals.length);
  rounds.end([...violations.filter((one) => !outOfOrder.includes(one) && !totals.includes(one)), ...more], where);
}
