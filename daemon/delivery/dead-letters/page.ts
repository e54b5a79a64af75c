import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { DeadCount, DeadLineProblem, DeadPageEnd } from '../../core/delivery/resend.ts';
import {
  cursorOf,
  type DeadPageQuery,
  type DeadPosition,
  deadLetterTest,
  DEFAULT_DEAD_LIMIT,
} from '../../core/values/dead-filters.ts';
import type { DeadLetters } from './dead-letters.ts';

/** Lines of the dead-letter file that match, in its order, or a page of them. It reads the file once and keeps one page in memory. */
export async function* deadLines(
  deadLetters: Pick<DeadLetters, 'read'>,
  query: DeadPageQuery,
  now: number,
): AsyncIterable<DeadLetter | DeadLineProblem | DeadPageEnd> {
  const isFitting = deadLetterTest(query, now);
  const isPage = query.order !== undefined || query.limit !== undefined || query.cursor !== undefined;
  const page = isPage ? new DeadPage(query) : undefined;
  for await (const line of deadLetters.read()) {
    if ('problem' in line) {
      // Each problem is on the first page only.
      if (query.cursor === undefined) yield line;
    } else if (isFitting(line.record)) {
      if (page === undefined) yield line.record;
      else page.add(line.record);
    }
  }
  if (page === undefined) return;
  yield* page.records();
  yield page.end();
}

interface Placed extends DeadPosition {
  readonly record: DeadLetter;
}

/** The records of one page among all that are added, sorted by time of death. */
class DeadPage {
  readonly #limit: number;
  readonly #cursor: DeadPosition | undefined;
  readonly #compare: (a: DeadPosition, b: DeadPosition) => number;
  readonly #counts = new DeadCounts();
  /** The first records after the cursor, one more than the page has. */
  readonly #first: Placed[] = [];

  constructor({ order = 'desc', limit = DEFAULT_DEAD_LIMIT, cursor }: DeadPageQuery) {
    this.#limit = limit;
    this.#cursor = cursor;
    this.#compare = order === 'asc' ? compare : (a, b) => compare(b, a);
  }

  add(record: DeadLetter): void {
    this.#counts.add(record);
    const placed = { at: deadAt(record), id: record.id, record };
    if (this.#cursor !== undefined && this.#compare(placed, this.#cursor) <= 0) return;
    const last = this.#first.at(-1);
    if (this.#first.length > this.#limit && last !== undefined && this.#compare(placed, last) >= 0) return;
    this.#first.splice(this.#placeOf(placed), 0, placed);
    if (this.#first.length > this.#limit + 1) this.#first.pop();
  }

  records(): readonly DeadLetter[] {
    return this.#first.slice(0, this.#limit).map(({ record }) => record);
  }

  end(): DeadPageEnd {
    const last = this.#first.length > this.#limit ? this.#first[this.#limit - 1] : undefined;
    return { next: last === undefined ? null : cursorOf(last), total: this.#counts.total, counts: this.#counts.list() };
  }

  #placeOf(placed: Placed): number {
    let low = 0;
    let high = this.#first.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#first[middle]!, placed) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: DeadPosition, b: DeadPosition): number {
  return a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Time of death in milliseconds; 0 if the record has no readable time, so that it sorts first. */
export function deadAt(record: Pick<DeadLetter, 'dead_at'>): number {
  return Date.parse(record.dead_at) || 0;
}

/** Counts records by channel and class. */
export class DeadCounts {
  readonly #counts = new Map<string, { channel: string; class: string; count: number }>();
  total = 0;

  add({ channel, class: deadClass }: Pick<DeadLetter, 'channel' | 'class'>): void {
    this.total += 1;
    const group = JSON.stringify([channel, deadClass]);
    const count = this.#counts.get(group);
    if (count === undefined) this.#counts.set(group, { channel, class: deadClass, count: 1 });
    else count.count += 1;
  }

  /** The largest first. */
  list(): readonly DeadCount[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count);
  }
}
