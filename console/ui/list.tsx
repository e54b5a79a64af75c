import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useShortcuts } from '../lib/keys.ts';
import { texts } from '../lib/texts.ts';

export interface ListProps<T> {
  readonly items: readonly T[];
  /** Name of the list for screen readers. */
  readonly label: string;
  readonly keyOf: (item: T) => string;
  /** Content of a row, which is one line on a wide screen and `phoneRow` px high on a narrow one. */
  readonly render: (item: T) => ComponentChildren;
  /** Address that a row opens. */
  readonly hrefOf?: (item: T) => string;
  /** Called when the end comes into view: the next page is read. */
  readonly onEnd?: () => void;
  /** Height of a row on a narrow screen, px. */
  readonly phoneRow?: number;
  /** Height of a row on a wide screen, px. */
  readonly row?: number;
}

const NARROW = '(max-width: 720px)';
const OVERSCAN = 8;

/** List of any length of which only the rows in view are in the page. `j` and `k` move, Enter opens. */
export function WindowedList<T>(props: ListProps<T>): VNode {
  const { items, label, keyOf, render, hrefOf, onEnd } = props;
  const isNarrow = useMedia(NARROW);
  const height = isNarrow ? (props.phoneRow ?? 56) : (props.row ?? 32);
  const list = useRef<HTMLDivElement>(null);
  const { first, count } = useWindow(list, height, items.length);
  const selected = useSelection(list, items, keyOf, hrefOf, height);
  const last = Math.min(items.length, first + count);
  useEffect(() => {
    if (last >= items.length) onEnd?.();
  }, [last, items.length]);
  return (
    <div class="list" role="list" aria-label={label} ref={list} style={{ height: `${items.length * height}px` }}>
      {items.slice(first, last).map((item, index) => {
        const key = keyOf(item);
        const at = first + index;
        const shared = {
          key,
          class: key === selected ? 'row row-selected' : 'row',
          style: { top: `${at * height}px`, height: `${height}px` },
        };
        return (
          <div {...shared} role="listitem" aria-setsize={items.length} aria-posinset={at + 1}>
            {hrefOf === undefined ? (
              <div class="row-body">{render(item)}</div>
            ) : (
              <a class="row-body" href={hrefOf(item)} data-key={key}>
                {render(item)}
              </a>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** Rows in view: the first one and their number. The page scrolls, not the list. */
function useWindow(
  list: { readonly current: HTMLDivElement | null },
  height: number,
  length: number,
): { readonly first: number; readonly count: number } {
  const view = useSignal({ first: 0, count: 40 });
  useLayoutEffect(() => {
    const measure = (): void => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / height) - OVERSCAN);
      const count = Math.ceil(innerHeight / height) + 2 * OVERSCAN;
      if (first !== view.value.first || count !== view.value.count) view.value = { first, count };
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [height, length]);
  return view.value;
}

/** Key of the row that `j` and `k` have selected. */
function useSelection<T>(
  list: { readonly current: HTMLDivElement | null },
  items: readonly T[],
  keyOf: (item: T) => string,
  hrefOf: ((item: T) => string) | undefined,
  height: number,
): string | undefined {
  const selected = useSignal<string | undefined>(undefined);
  const { keys } = texts.value;
  const move = (step: number): void => {
    const at = items.findIndex((item) => keyOf(item) === selected.value);
    const next = at < 0 ? 0 : Math.min(items.length - 1, Math.max(0, at + step));
    const item = items[next];
    if (item === undefined) return;
    selected.value = keyOf(item);
    const top = (list.current?.getBoundingClientRect().top ?? 0) + next * height;
    if (top < 96) scrollBy({ top: top - 96 });
    else if (top + height > innerHeight - 64) scrollBy({ top: top + height - innerHeight + 64 });
  };
  const open = (): void => {
    const item = items.find((one) => keyOf(one) === selected.value);
    if (item !== undefined && hrefOf !== undefined) location.hash = hrefOf(item);
  };
  useShortcuts(
    [
      { keys: 'j', label: keys.next, run: () => move(1) },
      { keys: 'k', label: keys.previous, run: () => move(-1) },
      { keys: 'Enter', label: keys.open, run: open },
    ],
    [items, height, keys],
  );
  return selected.value;
}

/** Whether a media query matches now. */
export function useMedia(query: string): boolean {
  const matches = useSignal(matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const update = (): void => {
      matches.value = media.matches;
    };
    media.addEventListener('change', update);
    return () => media.removeEventListener('change', update);
  }, [query]);
  return matches.value;
}
