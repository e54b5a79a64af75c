import type { VNode } from 'preact';
import type { ShownProblem } from '../../../daemon/http/views.ts';
import { texts } from '../../lib/texts.ts';
import { Chip } from '../../ui/chip.tsx';

/** Problems of files that are not in force, and warnings, above the files that they are about. */
export function Problems({ of, folder = '' }: { of: readonly ShownProblem[]; folder?: string }): VNode | null {
  const { rules: words } = texts.value;
  if (of.length === 0) return null;
  const errors = of.filter(({ level }) => level === 'error').length;
  return (
    <section class="rule-problems" aria-label={words.problems}>
      {errors > 0 && <p class="rule-problems-head">{words.refused(errors)}</p>}
      <ul>
        {of.map((problem) => (
          <li key={`${problem.file}:${problem.line}:${problem.column}:${problem.message}`} class="rule-problem">
            <p>
              <Chip state={problem.level} tone={problem.level === 'error' ? 'bad' : 'warn'} />{' '}
              <span class="rule-problem-place">
                {problem.file.startsWith(folder) ? problem.file.slice(folder.length) : problem.file}:{problem.line}:
                {problem.column}
              </span>{' '}
              {problem.message}
            </p>
            <Excerpt of={problem} />
            <p class="soft">{problem.mend}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Source line with a mark below the column. */
function Excerpt({ of: { line, excerpt } }: { of: ShownProblem }): VNode | null {
  if (excerpt === undefined) return null;
  const { text, column } = excerpt;
  const before = text.slice(0, column - 1);
  const marked =
    /^(?:"[^"]*"|'[^']*'|[^\s,:{}[\]]+)/.exec(text.slice(column - 1))?.[0] ?? text.slice(column - 1, column);
  return (
    <pre class="rule-excerpt">
      <span class="rule-excerpt-line">{line}</span> {before}
      <mark>{marked}</mark>
      {text.slice(before.length + marked.length)}
    </pre>
  );
}
