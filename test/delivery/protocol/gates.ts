import { isUsingFiles } from '../../support/virtual-clock.ts';

/** Kind of an action, such as `append`, and the id of its delivery. */
export type Act = readonly [kind: string, id: string];

/** Durable write or attempt that waits until the explorer lets it pass. */
export interface Gate {
  /** Actions with their deliveries; a rewrite of the file has several. */
  readonly acts: readonly Act[];
  readonly pass: () => void;
}

const QUIET_TURNS = 30;

/**
 * Gates of one process. Calls that change nothing durable pass at once and are counted, so that `quiet` knows when the process has
 * done all that it can without another gate. After `kill` nothing of the process goes on.
 */
export class Gates {
  readonly waiting: Gate[] = [];
  #running = 0;
  isKilled = false;

  /** Waits for its turn, then does the work. */
  async gated<T>(acts: readonly Act[], work: () => Promise<T>): Promise<T> {
    if (this.isKilled) return forever();
    await new Promise<void>((resolve) => {
      const gate: Gate = {
        acts,
        pass: () => {
          this.waiting.splice(this.waiting.indexOf(gate), 1);
          resolve();
        },
      };
      this.waiting.push(gate);
    });
    return this.counted(work);
  }

  /** Does the work at once. */
  async counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.isKilled) return forever();
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.isKilled) await forever();
    }
  }

  /** Ends the process: none of its work goes on, and no action that waits at a gate happens. */
  kill(): void {
    this.isKilled = true;
    this.waiting.length = 0;
  }

  /** Resolves when all work that has begun waits at a gate or is done. */
  async quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#running > 0 || isUsingFiles()) turns = -1;
    }
  }
}

/** Promise of a process that was killed. */
export const forever = (): Promise<never> => new Promise(() => undefined);
