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
  readonly read: CheckpointStore['read'];
  readonly get: CheckpointStore['get'];
  readonly #context: PostgresContext;
  readonly #write: CheckpointStore['write'];
  readonly #listeners: ((scope: string) => void)[] = [];

  constructor(context: PostgresContext) {
    this.#context = context;
    const { read, get, write } = openCheckpoints(context);
    this.read = read;
    this.get = get;
    this.#write = write;
  }

  async write(scope: string, entries: readonly Checkpoint[]): Promise<void> {
    if (!scope.startsWith(SHARED) || entries.length === 0) return this.#write(scope, entries);
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
