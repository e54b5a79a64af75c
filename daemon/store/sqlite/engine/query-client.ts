import { isFinal, storeError } from '../errors.ts';
import type { EngineClient } from './client.ts';
import type { Read, Refusal } from './protocol.ts';
import type { Row, Value } from '../../shared/writes.ts';
import type { SqliteReadName } from './statements.ts';

interface Query {
  readonly read: Read;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
}

export interface QueryClientDeps {
  /** Throws when the store has failed or is closed. */
  readonly check: () => void;
  readonly onFailed: (refusal: Refusal) => void;
}

/** Named queries to the engine. Queries that arrive while a batch is under way are sent together as the next batch. */
export class QueryClient {
  readonly #engine: EngineClient;
  readonly #deps: QueryClientDeps;
  #queue: Query[] = [];
  #busy = false;

  constructor(engine: EngineClient, deps: QueryClientDeps) {
    this.#engine = engine;
    this.#deps = deps;
  }

  /** Rejects with `store.*`. */
  rows(name: SqliteReadName, ...values: Value[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#deps.check();
      this.#queue.push({ read: { name, values }, resolve, reject });
      if (!this.#busy) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#busy = true;
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0);
      const reply = await this.#engine.ask({ kind: 'read', reads: batch.map(({ read }) => read) });
      if (reply.ok) {
        const answers = reply.value as readonly (readonly Row[])[];
        batch.forEach(({ resolve }, index) => resolve(answers[index]!));
      } else {
        if (isFinal(reply.fault)) this.#deps.onFailed(reply);
        const error = storeError(reply);
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}
