import { openCheckpoints, writeCheckpoints } from '../../shared/commit/checkpoints.ts';
import { Writes } from '../../shared/writes.ts';
import type { Checkpoint, CheckpointStore } from '../../store.ts';
import type { PostgresContext } from '../context.ts';

/** Scopes whose checkpoints all instances keep in memory. */
const SHARED = 'channel:';

/** Message to the other instances: checkpoints of a scope were written. */
export interface CheckpointsWritten {
  readonly kind: 'checkpoints';
  readonly scope: string;
}

/** Checkpoints of all instances. */
export class SharedCheckpoints implements CheckpointStore {
  readonly #context: PostgresContext;
  readonly #rows: CheckpointStore;
  readonly #listeners: ((scope: string) => void)[] = [];

  constructor(context: PostgresContext) {
    this.#context = context;
    this.#rows = openCheckpoints(context);
  }

  read(scope: string): Promise<ReadonlyMap<string, string>> {
    return this.#rows.read(scope);
  }

  get(scope: string, key: string): Promise<string | undefined> {
    return this.#rows.get(scope, key);
  }

  async write(scope: string, entries: readonly Checkpoint[]): Promise<void> {
    if (!scope.startsWith(SHARED) || entries.length === 0) return this.#rows.write(scope, entries);
    const writes = new Writes();
    writeCheckpoints(writes, scope, entries);
    const written: CheckpointsWritten = { kind: 'checkpoints', scope };
    await this.#context.committer.make((round) => {
      round.write(writes);
      round.request({ ...written });
    });
  }

  onChanged(listener: (scope: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes the message of another instance. */
  written({ scope }: CheckpointsWritten): void {
    for (const listener of this.#listeners) listener(scope);
  }
}
