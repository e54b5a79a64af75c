import type { ComponentChildren, VNode } from 'preact';
import type { Resource } from '../api/resource.ts';
import { texts } from '../lib/texts.ts';

/** The value of a resource, or why there is none: it is loading, or it failed and can be tried again. */
export function Loaded<T>({ of, children }: { of: Resource<T>; children: (value: T) => ComponentChildren }): VNode {
  const value = of.value.value;
  const error = of.error.value;
  if (value === undefined && error === undefined) return <Loading />;
  return (
    <>
      {error !== undefined && <Failed message={error.message} onRetry={of.reload} />}
      {value !== undefined && children(value)}
    </>
  );
}

export function Loading(): VNode {
  return (
    <div class="loading" role="status">
      {texts.value.common.loading}
    </div>
  );
}

export function Failed({ message, onRetry }: { message: string; onRetry?: () => void }): VNode {
  const { common } = texts.value;
  return (
    <div class="failed" role="alert">
      <p>
        <strong>{common.failed}</strong> {message}
      </p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          {common.retry}
        </button>
      )}
    </div>
  );
}

/** Text in place of an empty list: why it is empty, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p class="empty-more">{children}</p>}
    </div>
  );
}
