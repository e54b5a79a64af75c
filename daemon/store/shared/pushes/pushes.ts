import { type Commits, type Queries, type Value, Writes } from '../writes.ts';
import { PushCache } from './push-cache.ts';
import type { ProcedureName } from '../names.ts';
import type { PushedFrame, PushStore } from '../../store.ts';
import { toColumn } from '../keys.ts';
import { UserCursors } from './user-cursors.ts';

type Append = Parameters<PushStore['append']>[0];

/** Push store. Cursors and latest pushes are cached in memory, so that connected users cost no query per push. */
export class StoredPushes implements PushStore {
  readonly epoch: string;
  readonly #committer: Commits;
  readonly #queries: Queries;
  readonly #cache: PushCache;
  readonly #cursors: UserCursors;
  #head: number;

  constructor(deps: { readonly committer: Commits; readonly queries: Queries }, epoch: string, head: number) {
    this.epoch = epoch;
    this.#committer = deps.committer;
    this.#queries = deps.queries;
    this.#head = head;
    this.#cache = new PushCache(head);
    this.#cursors = new UserCursors((moved) => this.#compute('pushCursors', JSON.stringify(moved)));
  }

  async append(push: Append): Promise<number> {
    const { delivery, to, require, frame, at, keepUntil } = push;
    const users = JSON.stringify(to.map(toColumn));
    const [seq] = await this.#committer.submit({
      writes: new Writes().add('push', delivery, users, require, frame, at, keepUntil),
      decided: false,
      onCommitted: ([number]) => this.#appended(Number(number), push),
    });
    return Number(seq);
  }

  async since(user: string, seq: number, options: { limit: number; now: number }): Promise<readonly PushedFrame[]> {
    const rows = await this.#queries.rows('pushesSince', toColumn(user), seq, options.now, options.limit);
    return rows.map(([at, frame]) => ({ seq: Number(at), frame: String(frame) }));
  }

  cached(user: string, seq: number, options: { limit: number; now: number }): readonly PushedFrame[] | undefined {
    return this.#cache.since(user, seq, options);
  }

  async cursor(user: string, now: number): Promise<number> {
    const known = this.#cursors.get(user);
    if (known !== undefined) return known;
    const seq = Number(await this.#compute('pushCursor', toColumn(user), now));
    this.#cursors.set(user, seq);
    return seq;
  }

  async ack(user: string, seq: number, now: number): Promise<readonly string[]> {
    const done = (await this.#compute('pushAck', toColumn(user), seq, now)) as readonly string[];
    this.#cursors.set(user, Math.min(seq, this.#head));
    return done;
  }

  /** Writes the first acknowledgement of a push at once; simultaneous ones of other users only move their cursors. */
  async ackDeferred(user: string, seq: number, now: number): Promise<readonly string[]> {
    const from = this.#cursors.get(user);
    if (from === undefined || seq > this.#head) return this.ack(user, seq, now);
    if (seq <= from) return [];
    const incomplete = this.#cache.incomplete(user, from, seq);
    if (incomplete?.length === 0) {
      this.#cursors.move(user, seq);
      return [];
    }
    const completing = incomplete?.filter(({ to, needsAll }) => !needsAll || to.length === 1) ?? [];
    for (const push of completing) push.complete = true;
    try {
      return await this.ack(user, seq, now);
    } catch (error) {
      for (const push of completing) push.complete = false;
      throw error;
    }
  }

  head(): number {
    return this.#head;
  }

  async trim(now: number): Promise<void> {
    await this.#compute('pushTrim', now);
  }

  /** Resolves when all deferred acknowledgements are written. */
  flush(): Promise<void> {
    return this.#cursors.flush();
  }

  /** Ignores a delivery that was pushed before: its number is not above `head`. */
  #appended(seq: number, { to, frame, keepUntil, require }: Append): void {
    if (seq <= this.#head) return;
    this.#head = seq;
    this.#cache.add({ seq, to, frame, keepUntil, needsAll: require === 'all', complete: false });
  }

  async #compute(name: ProcedureName, ...values: Value[]): Promise<unknown> {
    const [result] = await this.#committer.submit({ writes: new Writes().add(name, ...values), decided: false });
    return result;
  }
}
