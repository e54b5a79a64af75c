import { type Committer, Writes } from './commit.ts';
import type { Value } from './protocol.ts';
import type { Reader } from './reader.ts';
import type { ProcedureName } from './statements.ts';
import type { PushStore } from './store.ts';
import { toColumn } from './text.ts';

/** Messages for WebSocket users; the sequence never begins anew while the file lives. */
export class SqlitePushes implements PushStore {
  readonly epoch: string;
  readonly #committer: Committer;
  readonly #reader: Reader;
  #head: number;

  constructor(parts: { readonly committer: Committer; readonly reader: Reader }, epoch: string, head: number) {
    this.epoch = epoch;
    this.#committer = parts.committer;
    this.#reader = parts.reader;
    this.#head = head;
  }

  async append(push: Parameters<PushStore['append']>[0]): Promise<number> {
    const { delivery, to, require, frame, at, keepUntil } = push;
    const seq = Number(
      await this.#compute('push', delivery, JSON.stringify(to.map(toColumn)), require, frame, at, keepUntil),
    );
    this.#head = Math.max(this.#head, seq);
    return seq;
  }

  async since(
    user: string,
    seq: number,
    options: { limit: number; now: number },
  ): Promise<readonly { seq: number; frame: string }[]> {
    const rows = await this.#reader.rows('pushesSince', toColumn(user), seq, options.now, options.limit);
    return rows.map(([at, frame]) => ({ seq: Number(at), frame: String(frame) }));
  }

  async cursor(user: string, now: number): Promise<number> {
    return Number(await this.#compute('pushCursor', toColumn(user), now));
  }

  async ack(user: string, seq: number, now: number): Promise<readonly string[]> {
    return (await this.#compute('pushAck', toColumn(user), seq, now)) as readonly string[];
  }

  head(): number {
    return this.#head;
  }

  async trim(now: number): Promise<void> {
    await this.#compute('pushTrim', now);
  }

  async #compute(name: ProcedureName, ...values: Value[]): Promise<unknown> {
    const [result] = await this.#committer.submit({ writes: new Writes().add(name, ...values), decided: false });
    return result;
  }
}
