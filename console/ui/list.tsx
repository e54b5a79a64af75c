import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
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
  /** Whether a row is a heading, which is lower, opens nothing, and which `j` and `k` pass over. */
  readonly isHeading?: (item: T) => boolean;
  /** Buttons at the end of a row. */
  readonly actions?: (item: T) => ComponentChildren;
  /** Shortcuts that act on the selected row. */
  readonly shortcuts?: readonly RowShortcut<T>[];
  /** Called when the end comes into view: the next page is read. */
  readonly onEnd?: () => void;
  /** Height of a row on a narrow screen, px. */
  readonly phoneRow?: number;
  /** Height of a row on a wide screen, px. */
  readonly row?: number;
}

export interface RowShortcut<T> {
  readonly keys: string;
  readonly label: string;
  readonly run: (item: T) => void;
}

const NARROW = '(max-width: 720px)';
const OVERSCAN = 8;
/** Height of a heading, px. */
const HEADING = 36;

/** List of any length of which only the rows in view are in the page. `j` and `k` move, Enter opens. */
export function WindowedList<T>(props: ListProps<T>): VNode {
  const { items, label, keyOf, render, hrefOf, isHeading = () => false, actions, onEnd } = props;
  const isNarrow = useMedia(NARROW);
  const height = isNarrow ? (props.phoneRow ?? 56) : (props.row ?? 32);
  const list = useRef<HTMLDivElement>(null);
  const tops = useMemo(() => topsOf(items, isHeading, height), [items, height]);
  const { first, last } = useWindow(list, tops);
  const selected = useSelection(list, props, tops);
  useEffect(() => {
    if (last >= items.length) onEnd?.();
  }, [last, items.length]);
  return (
    <div class="list" role="list" aria-label={label} ref={list} style={{ height: `${tops.at(-1)}px` }}>
      {items.slice(first, last).map((item, index) => {
        const key = keyOf(item);
        const at = first + index;
        const shared = {
          key,
          class: isHeading(item) ? 'row row-heading' : key === selected ? 'row row-selected' : 'row',
          style: { top: `${tops[at]}px`, height: `${tops[at + 1]! - tops[at]!}px` },
        };
        return (
          <div {...shared} role="listitem" aria-setsize={items.length} aria-posinset={at + 1}>
            <RowBody href={isHeading(item) ? undefined : hrefOf?.(item)} id={key}>
              {render(item)}
            </RowBody>
            {actions !== undefined && <div class="row-actions">{actions(item)}</div>}
          </div>
        );
      })}
    </div>
  );
}

function RowBody({ href, id, children }: { href: string | undefined; id: string; children: ComponentChildren }): VNode {
  if (href === undefined) return <div class="row-body">{children}</div>;
  return (
    <a class="row-body" href={href} data-key={id}>
      {children}
    </a>
  );
}

/** Positions of the rows from the top of the list, and its end. */
function topsOf<T>(items: readonly T[], isHeading: (item: T) => boolean, height: number): readonly number[] {
  const tops = [0];
  for (const item of items) tops.push(tops.at(-1)! + (isHeading(item) ? HEADING : height));
  return tops;
}

/** Rows in view: the first one and the one after the last. The page scrolls, not the list. */
function useWindow(
  list: { readonly current: HTMLDivElement | null },
  tops: readonly number[],
): { readonly first: number; readonly last: number } {
  const length = tops.length - 1;
  const view = useSignal({ first: 0, last: 40 });
  useLayoutEffect(() => {
    const measure = (): void => {
      const above = -(list.current?.getBoundingClientRect().top ?? 0);
      const first = Math.max(0, rowAt(tops, above) - OVERSCAN);
      const last = Math.min(length, rowAt(tops, above + innerHeight) + 1 + OVERSCAN);
      if (first !== view.value.first || last !== view.value.last) view.value = { first, last };
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [tops]);
  return { first: view.value.first, last: Math.min(length, view.value.last) };
}

/** Row at a position of the list, by a binary search. */
function rowAt(tops: readonly number[], position: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tops[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Key of the row that `j` and `k` have selected. */
function useSelection<T>(
  list: { readonly current: HTMLDivElement | null },
  { items, keyOf, hrefOf, isHeading = () => false, shortcuts = [] }: ListProps<T>,
  tops: readonly number[],
): string | undefined {
  const selected = useSignal<string | undefined>(undefined);
  const { keys } = texts.value;
  const isRow = (item: T | undefined): item is T => item !== undefined && !isHeading(item);
  const move = (step: number): void => {
    const at = items.findIndex((item) => keyOf(item) === selected.value);
    let next = at < 0 ? 0 : at + step;
    while (next >= 0 && next < items.length && !isRow(items[next])) next += at < 0 ? 1 : step;
    const item = items[next];
    if (!isRow(item)) return;
    selected.value = keyOf(item);
    const above = list.current?.getBoundingClientRect().top ?? 0;
    const [top, bottom] = [above + tops[next]!, above + tops[next + 1]!];
    if (top < 96) scrollBy({ top: top - 96 });
    else if (bottom > innerHeight - 64) scrollBy({ top: bottom - innerHeight + 64 });
  };
  // The selected row has the focus, so that a screen reader reads it. Keys may be texts of events, so they are escaped.
  useLayoutEffect(() => {
    if (selected.value === undefined) return;
    const row = list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(selected.value)}"]`);
    row?.focus({ preventScroll: true });
  }, [selected.value]);
  const withSelected = (run: (item: T) => void): void => {
    const item = items.find((one) => keyOf(one) === selected.value);
    if (item !== undefined) run(item);
  };
  const open = (item: T): void => {
    if (hrefOf !== undefined) location.hash = hrefOf(item);
  };
  useShortcuts(
    [
      { keys: 'j', label: keys.next, run: () => move(1) },
      { keys: 'k', label: keys.previous, run: () => move(-1) },
      { keys: 'Enter', label: keys.open, run: () => withSelected(open) },
      ...shortcuts.map(({ run, ...shortcut }) => ({ ...shortcut, run: () => withSelected(run) })),
    ],
    [items, tops, keys, shortcuts],
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
