import { BelfryError } from '../core/problems/failure.ts';
import { Backoff, retryWhile } from '../lib/async/retry.ts';
import type { Clock } from '../lib/time/clock.ts';
import { UNWRITABLE } from './dead-letters/dead-letters.ts';

const RETRY_EVERY_MS = 1000;

/** Reasons that end by themselves or by an operator. */
const PASSING: readonly string[] = ['store.full', 'store.unavailable', UNWRITABLE];

/**
 * Runs a write to disk, and repeats it while the disk is full, the dead-letter file cannot be written, or PostgreSQL is away: the outcome of an
 * attempt must not be lost, or a delivered message would be sent again. Rejects on any other error, and once `killed` aborts.
 */
export function retryWhileDiskFull(clock: Clock, killed: AbortSignal, write: () => Promise<void>): Promise<void> {
  const backoff = new Backoff(RETRY_EVERY_MS, RETRY_EVERY_MS);
  return retryWhile(write, { clock, signal: killed, shouldRetry: isDiskFull, backoff });
}

function isDiskFull(error: unknown): boolean {
  return error instanceof BelfryError && PASSING.includes(error.code);
}
