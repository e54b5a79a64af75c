import { type ReadonlySignal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Query } from '../lib/router.ts';
import { ApiError, addressOf, get } from './client.ts';
import { activity, connection } from './feed.ts';

/** A list that the daemon answers a page at a time, newest first. */
export interface Pages<T> {
  /** Undefined until the first page is there. */
  readonly items: ReadonlySignal<readonly T[] | undefined>;
  readonly error: ReadonlySignal<ApiError | undefined>;
  /** Whether the last page is there. */
  readonly isEnd: ReadonlySignal<boolean>;
  /** Whether something has happened since the list was read, while the reader was further down. */
  readonly isOld: ReadonlySignal<boolean>;
  /** Reads the next page. */
  readonly more: () => void;
  /** Reads the list anew from its beginning. */
  readonly reload: () => void;
}

type Answer = Readonly<Record<string, unknown>> & { readonly next: string | null };

const PAGE_SIZE = 100;
/** Most items that are kept. A reader who goes further down than that has to filter. */
export const MAX_ITEMS = 10_000;
/** A page without a match may still have a `next`: the daemon has searched for its time. Then the next one is read at once. */
const MAX_EMPTY_PAGES = 50;
/** A reader below this position is not disturbed by new rows. */
const TOP_PX = 400;

export interface PagesOptions {
  /** Reads one page, where the answer is no JSON object. */
  readonly read?: (path: string, query: Query, signal: AbortSignal) => Promise<Answer>;
  /** Items may go away: a new first page replaces the list, and rows after it are read again. */
  readonly vanish?: true;
  /** Changes when the list may have changed; default: something has happened. */
  readonly changes?: ReadonlySignal<unknown>;
}

/** Reads `GET path` page by page and keeps the first page up to date. `name` is the field with the items. */
export function usePages<T extends { readonly id: string }>(
  path: string,
  name: string,
  query: Query,
  options: PagesOptions = {},
): Pages<T> {
  const address = addressOf(path, query).href;
  const list = useMemo(() => new PageList<T>(path, name, query, options), [address]);
  useEffect(() => list.open(), [list]);
  return list;
}

class PageList<T extends { readonly id: string }> implements Pages<T> {
  readonly items = signal<readonly T[] | undefined>(undefined);
  readonly error = signal<ApiError | undefined>(undefined);
  readonly isEnd = signal(false);
  readonly isOld = signal(false);
  readonly #path: string;
  readonly #name: string;
  readonly #query: Query;
  readonly #options: PagesOptions;
  #next: string | null = null;
  #running: AbortController | undefined;

  constructor(path: string, name: string, query: Query, options: PagesOptions) {
    this.#options = options;
    this.#path = path;
    this.#name = name;
    this.#query = query;
  }

  /** Reads the first page, now and when something happens, until the returned function is called. */
  open(): () => void {
    this.reload();
    const stops = [
      (this.#options.changes ?? activity).subscribe(() => this.#changed()),
      connection.subscribe((now) => now === 'open' && this.#changed()),
    ];
    return () => {
      for (const stop of stops) stop();
      this.#running?.abort();
      this.#running = undefined;
    };
  }

  readonly reload = (): void => {
    this.#running?.abort();
    this.isOld.value = false;
    this.#read(null, (first, next) => {
      const known = this.items.value ?? [];
      const last = first.at(-1);
      const at = last === undefined ? -1 : known.findIndex(({ id }) => id === last.id);
      // Rows after the first page are kept when they join it; otherwise too much has happened since.
      if (this.#options.vanish !== true && at >= 0 && at + 1 < known.length) {
        this.items.value = [...first, ...known.slice(at + 1)].slice(0, MAX_ITEMS);
        return;
      }
      this.items.value = first;
      this.#next = next;
      this.isEnd.value = next === null;
    });
  };

  readonly more = (): void => {
    if (this.#running !== undefined || this.isEnd.value || this.#next === null) return;
    this.#read(this.#next, (page, next) => {
      const known = this.items.value ?? [];
      const ids = new Set(known.map(({ id }) => id));
      this.items.value = [...known, ...page.filter(({ id }) => !ids.has(id))].slice(0, MAX_ITEMS);
      this.#next = next;
      this.isEnd.value = next === null || this.items.value.length >= MAX_ITEMS;
    });
  };

  #changed(): void {
    if (this.#running !== undefined) return;
    if (scrollY < TOP_PX) this.reload();
    else this.isOld.value = true;
  }

  #read(from: string | null, use: (items: readonly T[], next: string | null) => void): void {
    const controller = new AbortController();
    this.#running = controller;
    this.#page(from, controller.signal)
      .then(
        (answer) => {
          this.error.value = undefined;
          use(answer[this.#name] as readonly T[], answer.next);
        },
        (reason: unknown) => {
          if (controller.signal.aborted) return;
          this.error.value = reason instanceof ApiError ? reason : new ApiError(0, 'bug', String(reason));
        },
      )
      .finally(() => {
        if (this.#running === controller) this.#running = undefined;
      });
  }

  /** Reads one page with a match, or the last one. */
  async #page(from: string | null, signal: AbortSignal): Promise<Answer> {
    let cursor = from;
    for (let empty = 0; ; empty += 1) {
      const query = { ...this.#query, limit: String(PAGE_SIZE), ...(cursor !== null && { cursor }) };
      const { read = get<Answer> } = this.#options;
      const answer = await read(this.#path, query, signal);
      if ((answer[this.#name] as readonly T[]).length > 0 || answer.next === null || empty >= MAX_EMPTY_PAGES)
        return answer;
      cursor = answer.next;
    }
  }
}
