import { EXIT } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { CommandError } from '../render/terminal.ts';

/** Error of a command that SIGINT or SIGTERM ended before it was done. */
class Interrupted extends CommandError {
  constructor() {
    super(EXIT.interrupted, 'interrupted');
    this.name = 'Interrupted';
  }
}

/**
 * Resolves as `work` does, or rejects with `Interrupted` when `signal` has aborted and `work` has not ended `graceMs` later.
 * `work` itself goes on: a read from standard input or a FIFO, or a daemon that does not answer, may block it for ever.
 */
export async function untilInterrupted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  graceMs: number,
  clock: Clock,
): Promise<T> {
  let cancel = (): void => {};
  let begin = (): void => {};
  const interrupted = new Promise<never>((_resolve, reject) => {
    begin = () => {
      cancel = clock.after(graceMs, () => reject(new Interrupted()));
    };
  });
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    cancel();
    signal.removeEventListener('abort', begin);
  }
}
