import { BelfryError } from '../../../core/problems/failure.ts';
import type { EnginePort } from './client.ts';
import type { Read, Row, Value } from './protocol.ts';
import type { ReadName } from './statements.ts';

interface Asked {
  readonly read: Read;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
}

export interface Health {
  /** Throws when the store takes no more questions. */
  readonly check: () => void;
  readonly fail: (message: string) => void;
}

/** Questions to the engine; those that arrive while one set is being answered go together as the next. */
export class Reader {
  readonly #port: EnginePort;
  readonly #health: Health;
  #asked: Asked[] = [];
  #busy = false;

  constructor(port: EnginePort, health: Health) {
    this.#port = port;
    this.#health = health;
  }

  rows(name: ReadName, ...values: Value[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#health.check();
      this.#asked.push({ read: { name, values }, resolve, reject });
      if (!this.#busy) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#busy = true;
    await Promise.resolve();
    while (this.#asked.length > 0) {
      const asked = this.#asked.splice(0);
      const reply = await this.#port.ask({ kind: 'read', reads: asked.map(({ read }) => read) });
      if (reply.ok) {
        const answers = reply.value as readonly (readonly Row[])[];
        asked.forEach(({ resolve }, index) => resolve(answers[index]!));
      } else {
        if (reply.fault === 'failed') this.#health.fail(reply.message);
        const error = new BelfryError(`store.${reply.fault}`, `the store could not be read: ${reply.message}`);
        for (const { reject } of asked) reject(error);
      }
    }
    this.#busy = false;
  }
}
