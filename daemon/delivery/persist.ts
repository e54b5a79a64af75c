import { BelfryError } from '../core/failure.ts';
import type { Clock } from '../lib/clock.ts';

const AGAIN_AFTER = 1000;

/**
 * Writes down what has happened, waiting for room while the disk is full: what was delivered must not be sent again because
 * it could not be noted. Any other failure is the caller's.
 */
export async function persist(clock: Clock, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isFull(error)) throw error;
      await new Promise<void>((resolve) => clock.after(AGAIN_AFTER, resolve));
    }
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof BelfryError ? error.code === 'store.full' : code === 'ENOSPC' || code === 'EDQUOT';
}
