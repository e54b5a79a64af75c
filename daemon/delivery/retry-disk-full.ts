import { BelfryError } from '../core/problems/failure.ts';
import { type Clock, pause } from '../lib/time/clock.ts';
import { UNWRITABLE } from './dead-letters/dead-letters.ts';

const AGAIN_AFTER = 1000;

/**
 * Writes down what has happened, waiting while the disk is full or the dead-letter file cannot be written: what was delivered must not be sent again because
 * it could not be noted. Any other failure is the caller's, and so is this one once `killed` has aborted.
 */
export function persist(clock: Clock, killed: AbortSignal, work: () => Promise<void>): Promise<void> {
  return work().catch(async (error: unknown) => {
    if (!mayPass(error) || killed.aborted) throw error;
    await pause(clock, AGAIN_AFTER, killed);
    await persist(clock, killed, work);
  });
}

function mayPass(error: unknown): boolean {
  return error instanceof BelfryError && (error.code === 'store.full' || error.code === UNWRITABLE);
}
