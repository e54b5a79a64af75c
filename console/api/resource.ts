import { type ReadonlySignal, signal, useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import type { Query } from '../lib/router.ts';
import { ApiError, addressOf, call } from './client.ts';
import { activity, connection } from './feed.ts';

/** An answer of the daemon that a page shows. While it is read anew, the old value stays. */
export interface Resource<T> {
  readonly value: ReadonlySignal<T | undefined>;
  readonly error: ReadonlySignal<ApiError | undefined>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly reload: () => void;
}

export interface ResourceOptions {
  readonly query?: Query;
  /** Body of a call that only reads and takes a body: `POST /v1/explain`. */
  readonly body?: unknown;
  /** Read anew when something happens (at most once a second); false: only when the reader asks. Default true. */
  readonly live?: boolean;
  /** Read anew after this time also when nothing happens, milliseconds. */
  readonly everyMs?: number;
}

/** Reads `path` by GET, or by POST if there is a body, and keeps it up to date while the component is on the screen. An undefined path reads nothing. */
export function useResource<T>(path: string | undefined, options: ResourceOptions = {}): Resource<T> {
  const { query, body, live = true, everyMs } = options;
  const asked = body === undefined ? '' : JSON.stringify(body);
  const address = path === undefined ? undefined : addressOf(path, query).href + asked;
  const value = useSignal<T | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const isLoading = useSignal(true);
  const running = useRef<AbortController | undefined>(undefined);
  const again = useRef(false);

  const load = useCallback(() => {
    if (path === undefined) return;
    // A slow answer is awaited rather than started over at each activity.
    if (running.current !== undefined) {
      again.current = true;
      return;
    }
    const controller = new AbortController();
    running.current = controller;
    isLoading.value = true;
    const parameters = {
      signal: controller.signal,
      ...(query !== undefined && { query }),
      ...(asked !== '' && { body }),
    };
    call<T>(asked === '' ? 'GET' : 'POST', path, parameters)
      .then(
        (answer) => {
          value.value = answer;
          error.value = undefined;
        },
        (reason: unknown) => {
          error.value = reason instanceof ApiError ? reason : new ApiError(0, 'bug', String(reason));
        },
      )
      .finally(() => {
        if (running.current !== controller) return;
        running.current = undefined;
        isLoading.value = false;
        if (again.current) {
          again.current = false;
          load();
        }
      });
  }, [address]);

  useEffect(() => {
    value.value = undefined;
    error.value = undefined;
    load();
    const timer = everyMs === undefined ? undefined : setInterval(load, everyMs);
    return () => {
      running.current?.abort();
      running.current = undefined;
      again.current = false;
      clearInterval(timer);
    };
  }, [address]);

  useEffect(() => (live ? onChange(activity, load) : undefined), [address, live]);
  useEffect(() => onChange(connection, () => connection.value === 'open' && load()), [address]);
  return { value, error, isLoading, reload: load };
}

/** Calls `listener` at each later change of a signal. */
function onChange(source: ReadonlySignal<unknown>, listener: () => void): () => void {
  let isFirst = true;
  return source.subscribe(() => {
    if (isFirst) isFirst = false;
    else listener();
  });
}

/** Text that the reader is typing, as a signal that follows after a pause. */
export function debounced<T>(
  source: ReadonlySignal<T>,
  ms: number,
): { readonly value: ReadonlySignal<T>; stop(): void } {
  const later = signal(source.value);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = source.subscribe((next) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      later.value = next;
    }, ms);
  });
  return {
    value: later,
    stop: () => {
      clearTimeout(timer);
      stop();
    },
  };
}
