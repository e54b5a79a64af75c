import { type Commits, type Queries, type Value, Writes } from '../writes.ts';
import { PushCache } from './push-cache.ts';
import type { ProcedureName } from '../names.ts';
import type { PushedFrame, PushStore } from '../../store.ts';
import { toColumn } from '../keys.ts';
import { UserCursors } from './user-cursors.ts';

type Append = Parameters<PushStore['append']>[0];
/** Part of a push that is kept in memory. */
export type Appended = Pick<Append, 'to' | 'frame' | 'keepUntil' | 'require'>;

/** Push store. Cursors and latest pushes are cached in memory, so that connected users cost no query per push. */
export class StoredPushes implements PushStore {
  readonly epoch: string;
  readonly #committer: Commits;
  readonly #queries: Queries;
  #cache: PushCache;
  readonly #cursors: UserCursors;
  readonly #listeners: ((to: readonly string[]) => void)[] = [];
  /** Pushes after a gap in the numbers. */
  readonly #early = new Map<number, Appended>();
  readonly #onGap: (() => void) | undefined;
  #head: number;

  constructor(
    deps: { readonly committer: Commits; readonly queries: Queries },
    epoch: string,
    head: number,
    onGap?: () => void,
  ) {
    this.epoch = epoch;
    this.#committer = deps.committer;
    this.#queries = deps.queries;
    this.#head = head;
    this.#onGap = onGap;
    this.#cache = new PushCache(head);
    this.#cursors = new UserCursors((moved) => this.#compute('pushCursors', JSON.stringify(moved)));
  }

  async append(push: Append): Promise<number> {
    const { delivery, to, require, frame, at, keepUntil } = push;
    const users = JSON.stringify(to.map(toColumn));
    const [seq] = await this.#committer.submit({
      writes: new Writes().add('push', delivery, users, require, frame, at, keepUntil),
      decided: false,
      onCommitted: ([number]) => this.appended(Number(number), push),
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

  /** Begins anew after what is stored. */
  restart(head: number): void {
    if (head === this.#head) return;
    this.#head = head;
    this.#early.clear();
    this.#cache = new PushCache(head);
  }

  onAppended(listener: (to: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Takes a push that is stored. Ignores a delivery that was pushed before: its number is not above `head`. Where other instances push
   * too, one after a gap waits until what they have stored is known: a reader would miss it otherwise.
   */
  appended(seq: number, push: Appended): void {
    if (seq <= this.#head) return;
    if (this.#onGap === undefined || seq === this.#head + 1) return this.#add(seq, push);
    this.#early.set(seq, push);
    this.#onGap();
  }

  /** Highest number after a gap; 0 without one. */
  get highestEarly(): number {
    return Math.max(0, ...this.#early.keys());
  }

  /** Takes the pushes after gaps up to `seq`, because everything before them is known. */
  closeGaps(seq: number): void {
    for (const early of [...this.#early.keys()].filter((one) => one <= seq).toSorted((a, b) => a - b))
      this.#add(early, this.#early.get(early)!);
  }

  #add(seq: number, { to, frame, keepUntil, require }: Appended): void {
    this.#early.delete(seq);
    if (seq <= this.#head) return;
    this.#head = seq;
    this.#cache.add({ seq, to, frame, keepUntil, needsAll: require === 'all', complete: false });
    for (const listener of this.#listeners) listener(to);
    const next = this.#early.get(seq + 1);
    if (next !== undefined) this.#add(seq + 1, next);
  }

  async #compute(name: ProcedureName, ...values: Value[]): Promise<unknown> {
    const [result] = await this.#committer.submit({ writes: new Writes().add(name, ...values), decided: false });
    return result;
  }
}
