import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import type { FieldChange } from './changes.ts';

/** Changed fields, each before and after. */
export function Difference({ of, label }: { of: readonly FieldChange[]; label: string }): VNode {
  const { dead } = texts.value;
  return (
    <dl class="difference" aria-label={label}>
      {of.map(({ field, before, after }) => (
        <div key={field}>
          <dt>{field}</dt>
          <dd>
            <del aria-label={dead.before}>{before ?? '—'}</del>
            <ins aria-label={dead.after}>{after ?? '—'}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
