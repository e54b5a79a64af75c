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
 * Ends a round: posts again what got no answer, waits until all work is done, and compares everything. Deliveries of one key
 * that two instances had around a takeover are counted and are no violation: what the dead one had in flight may arrive late.
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
  rounds.max('out of order', outOfOrder.length);
  rounds.end([...violations.filter((one) => !outOfOrder.includes(one)), ...more], where);
}
