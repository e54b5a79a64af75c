import type { Clock } from '../../../lib/time/clock.ts';
import type { Committer } from '../engine/committer.ts';
import type { Database } from '../engine/database.ts';
import type { ActivityWriter } from './activity.ts';
import { usedBytes } from './used-bytes.ts';

interface UpkeepDeps {
  readonly database: Database;
  /** Name of the schema, quoted. */
  readonly schema: string;
  readonly clock: Clock;
  readonly activity: ActivityWriter;
  readonly committer: Committer;
}

/** Milliseconds between two writes of what was counted. */
const UPKEEP_MS = 5000;

/** Stores now and then what this instance has counted, and measures the tables. */
export class Upkeep {
  /** Bytes of the rows at the last measurement, and of what was committed since. */
  bytes = 0;
  readonly #deps: UpkeepDeps;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#deps.clock.after(UPKEEP_MS, () => void this.#run().finally(() => this.start()));
  }

  /** Stores the last counts. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#write().catch(() => undefined);
  }

  /** Without PostgreSQL there is nothing to do; the counts stay in memory. */
  async #run(): Promise<void> {
    const { database, schema } = this.#deps;
    await this.#write().catch(() => undefined);
    this.bytes = await usedBytes(database, schema).catch(() => this.bytes);
  }

  #write(): Promise<void> {
    const { activity, committer } = this.#deps;
    return activity.write(({ ruleHour, lastUse }) =>
      committer.make((round) => {
        for (const one of ruleHour) round.batch.record('ruleHour', one);
        for (const one of lastUse) round.batch.record('lastUse', one);
      }),
    );
  }
}
