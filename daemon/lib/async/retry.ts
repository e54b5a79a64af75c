import { type Clock, pause } from '../time/clock.ts';

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/** Waits that grow with each refusal in a row: 1 s, 2 s, 4 s ... 30 s. */
export class Patience {
  #wait = FIRST_WAIT;

  async wait(clock: Clock, signal: AbortSignal): Promise<void> {
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONGEST_WAIT);
    await pause(clock, wait, signal);
  }

  reset(): void {
    this.#wait = FIRST_WAIT;
  }
}

/** Does it again until it works; undefined when `signal` aborts before. `refused` is told why each time, and undefined once it works after all. */
export async function persevere<T>(
  work: () => Promise<T>,
  { clock, signal, refused }: { clock: Clock; signal: AbortSignal; refused: (why: string | undefined) => void },
): Promise<T | undefined> {
  const patience = new Patience();
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      const done = await work();
      if (tries > 1) refused(undefined);
      return done;
    } catch (error) {
      refused(error instanceof Error ? error.message : String(error));
      await patience.wait(clock, signal);
    }
  }
  return undefined;
}
