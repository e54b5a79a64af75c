import type { Delivery } from '../../../core/delivery/delivery.ts';
import { type ComparedMessage, messageOf } from '../../../simulation/comparison.ts';
import type { Store, StoredDelivery } from '../../../store/store.ts';
import type { HistoryPage, ReplayRange } from './protocol.ts';

/** Events or deliveries that are read at once, so that neither the store nor the event loop is busy for long. */
const PAGE = 250;

type Deliveries = AsyncGenerator<readonly StoredDelivery[]>;

/** Reads the events and the sent messages of a time, in the order of time, page by page. */
export class HistoryReader {
  readonly #store: Pick<Store, 'events' | 'deliveries'>;
  readonly #range: ReplayRange;
  /** Messages that were read, and are later than the events so far. */
  #ahead: readonly ComparedMessage[] = [];
  #deliveries: Deliveries | undefined;

  constructor(store: Pick<Store, 'events' | 'deliveries'>, range: ReplayRange) {
    this.#store = store;
    this.#range = range;
  }

  /** Time of the oldest stored event; undefined if there is none. */
  async oldest(): Promise<number | undefined> {
    const { items } = await this.#store.events({ order: 'asc', limit: 1 });
    return items[0]?.receivedAt;
  }

  async *pages(): AsyncGenerator<HistoryPage> {
    const { from: since, until } = this.#range;
    const read = (cursor: string | undefined) =>
      this.#store.events({ since, until, order: 'asc', limit: PAGE, ...(cursor !== undefined && { cursor }) });
    for await (const stored of pagesOf(read)) {
      const events = stored.map(({ event, receivedAt }) => ({ event, at: receivedAt }));
      const last = events.at(-1);
      if (last !== undefined) yield { events, sent: await this.#sentUntil(last.at) };
    }
    yield { events: [], sent: await this.#sentUntil(Number.POSITIVE_INFINITY) };
  }

  /** Messages that were made until a time. */
  async #sentUntil(at: number): Promise<readonly ComparedMessage[]> {
    const { since, until, rule } = this.#range;
    this.#deliveries ??= pagesOf((cursor) =>
      this.#store.deliveries.page({
        since,
        until,
        order: 'asc',
        limit: PAGE,
        ...(rule !== undefined && { rule }),
        ...(cursor !== undefined && { cursor }),
      }),
    );
    const sent = [...this.#ahead];
    while ((sent.at(-1)?.at ?? 0) <= at) {
      const next = await this.#deliveries.next();
      if (next.done === true) break;
      sent.push(...next.value.filter(isOfRule).map(({ delivery }) => messageOf(delivery)));
    }
    const due = sent.filter((message) => message.at <= at);
    this.#ahead = sent.filter((message) => message.at > at);
    return due;
  }
}

/** A message that a rule made: no fallback for another one, and not taken back because its alert ended. */
function isOfRule({ delivery, state }: StoredDelivery): boolean {
  return delivery.fallbackOf === undefined && !(state === 'cancelled' && isUntried(delivery));
}

const isUntried = ({ attempts }: Delivery): boolean => attempts.length === 0;

async function* pagesOf<T>(
  read: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next?: string }>,
): AsyncGenerator<readonly T[]> {
  let cursor: string | undefined;
  do {
    const { items, next } = await read(cursor);
    yield items;
    cursor = next;
  } while (cursor !== undefined);
}
