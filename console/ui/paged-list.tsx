import type { ComponentChildren, VNode } from 'preact';
import type { Pages } from '../api/pages.ts';
import { texts } from '../lib/texts.ts';
import { type ListProps, WindowedList } from './list.tsx';
import { Empty, Failed, Loading } from './states.tsx';

interface PagedListProps<T> extends Omit<ListProps<T>, 'items' | 'keyOf' | 'onEnd'> {
  readonly of: Pages<T>;
  /** Title of the empty list, and what to do. */
  readonly empty: readonly [string, ComponentChildren?];
}

/** Windowed list of pages: the next one is read when the end comes into view. */
export function PagedList<T extends { readonly id: string }>({ of, empty, ...list }: PagedListProps<T>): VNode {
  const { common } = texts.value;
  const items = of.items.value;
  const error = of.error.value;
  const failed = error !== undefined && <Failed message={error.message} onRetry={of.reload} />;
  if (items === undefined) return failed || <Loading />;
  return (
    <>
      {failed}
      {of.isOld.value && (
        <button
          type="button"
          class="newer"
          onClick={() => {
            scrollTo({ top: 0 });
            of.reload();
          }}
        >
          {common.newer}
        </button>
      )}
      {items.length === 0 && of.isEnd.value ? (
        <Empty title={empty[0]}>{empty[1]}</Empty>
      ) : (
        <WindowedList {...list} items={items} keyOf={({ id }) => id} onEnd={of.more} />
      )}
      {items.length > 0 && <p class="list-end">{of.isEnd.value ? common.end(items.length) : common.loading}</p>}
    </>
  );
}
