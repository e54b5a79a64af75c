import { EXIT } from '../../core/problems/failure.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { CommandError } from '../render/terminal.ts';

/** A command was ended by SIGINT or SIGTERM before it was done. */
export class Interrupted extends CommandError {
  constructor() {
    super(EXIT.interrupted, 'interrupted');
    this.name = 'Interrupted';
  }
}

/**
 * The result of `work`, or `Interrupted` once `signal` has aborted and `work` has not ended within `grace` milliseconds after that.
 * `work` itself is not interrupted: standard input, a FIFO and a daemon that does not answer may keep it for ever.
 */
export async function untilInterrupted<T>(work: Promise<T>, signal: AbortSignal, grace: number): Promise<T> {
  let cancel = (): void => {};
  let begin = (): void => {};
  const interrupted = new Promise<never>((_resolve, reject) => {
    begin = () => {
      cancel = systemClock.after(grace, () => reject(new Interrupted()));
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
