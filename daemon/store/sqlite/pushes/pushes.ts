import { type Committer, Writes } from '../commit/commit.ts';
import type { Value } from '../engine/protocol.ts';
import type { Reader } from '../engine/query-client.ts';
import { RecentPushes } from './recent-pushes.ts';
import type { ProcedureName } from '../engine/statements.ts';
import type { PushedFrame, PushStore } from '../../store.ts';
import { toColumn } from '../engine/text.ts';
import { UserCursors } from './user-cursors.ts';

type Append = Parameters<PushStore['append']>[0];

/** Messages for WebSocket users; the sequence never begins anew while the file lives. */
export class SqlitePushes implements PushStore {
  readonly epoch: string;
  readonly #committer: Committer;
  readonly #reader: Reader;
  readonly #recent: RecentPushes;
  readonly #cursors: UserCursors;
  #head: number;

  constructor(parts: { readonly committer: Committer; readonly reader: Reader }, epoch: string, head: number) {
    this.epoch = epoch;
    this.#committer = parts.committer;
    this.#reader = parts.reader;
    this.#head = head;
    this.#recent = new RecentPushes(head);
    this.#cursors = new UserCursors((moved) => this.#compute('pushCursors', JSON.stringify(moved)));
  }

  async append(push: Append): Promise<number> {
    const { delivery, to, require, frame, at, keepUntil } = push;
    const users = JSON.stringify(to.map(toColumn));
    const [seq] = await this.#committer.submit({
      writes: new Writes().add('push', delivery, users, require, frame, at, keepUntil),
      decided: false,
      committed: ([made]) => this.#appended(Number(made), push),
    });
    return Number(seq);
  }

  async since(user: string, seq: number, options: { limit: number; now: number }): Promise<readonly PushedFrame[]> {
    const rows = await this.#reader.rows('pushesSince', toColumn(user), seq, options.now, options.limit);
    return rows.map(([at, frame]) => ({ seq: Number(at), frame: String(frame) }));
  }

  cached(user: string, seq: number, options: { limit: number; now: number }): readonly PushedFrame[] | undefined {
    return this.#recent.since(user, seq, options);
  }

  async cursor(user: string, now: number): Promise<number> {
    const known = this.#cursors.of(user);
    if (known !== undefined) return known;
    const seq = Number(await this.#compute('pushCursor', toColumn(user), now));
    this.#cursors.learn(user, seq);
    return seq;
  }

  async ack(user: string, seq: number, now: number): Promise<readonly string[]> {
    const done = (await this.#compute('pushAck', toColumn(user), seq, now)) as readonly string[];
    this.#cursors.learn(user, Math.min(seq, this.#head));
    return done;
  }

  /** The first acknowledgement of a push is written at once, and those that come meanwhile need not ask what it finds. */
  async ackDeferred(user: string, seq: number, now: number): Promise<readonly string[]> {
    const from = this.#cursors.of(user);
    if (from === undefined || seq > this.#head) return this.ack(user, seq, now);
    if (seq <= from) return [];
    const open = this.#recent.open(user, from, seq);
    if (open?.length === 0) {
      this.#cursors.move(user, seq);
      return [];
    }
    const ending = open?.filter(({ to, needsAll }) => !needsAll || to.length === 1) ?? [];
    for (const push of ending) push.complete = true;
    try {
      return await this.ack(user, seq, now);
    } catch (error) {
      for (const push of ending) push.complete = false;
      throw error;
    }
  }

  head(): number {
    return this.#head;
  }

  async trim(now: number): Promise<void> {
    await this.#compute('pushTrim', now);
  }

  /** Resolves when all that was heard is written down. */
  flush(): Promise<void> {
    return this.#cursors.flush();
  }

  /** The same delivery again has a number that others have passed. */
  #appended(seq: number, { to, frame, keepUntil, require }: Append): void {
    if (seq <= this.#head) return;
    this.#head = seq;
    this.#recent.add({ seq, to, frame, keepUntil, needsAll: require === 'all', complete: false });
  }

  async #compute(name: ProcedureName, ...values: Value[]): Promise<unknown> {
    const [result] = await this.#committer.submit({ writes: new Writes().add(name, ...values), decided: false });
    return result;
  }
}
