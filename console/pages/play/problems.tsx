import type { VNode } from 'preact';
import type { LeveledProblem } from '../../../daemon/core/problems/failure.ts';

/** Errors and warnings about the rules, with their places. */
export function Problems({ of }: { of: readonly LeveledProblem[] }): VNode | null {
  if (of.length === 0) return null;
  return (
    <ul class="problems">
      {of.map(({ file, line, column, level, message, mend }, index) => (
        <li key={`${index} ${line}`} class={`problem problem-${level}`}>
          <code>
            {file === 'rules' ? '' : `${file}:`}
            {line}:{column}
          </code>{' '}
          {message}
          {mend !== '' && <span class="soft"> · {mend}</span>}
        </li>
      ))}
    </ul>
  );
}
