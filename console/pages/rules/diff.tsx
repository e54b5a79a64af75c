import type { VNode } from 'preact';

const CLASSES: Readonly<Record<string, string>> = {
  '+': 'rule-diff-added',
  '-': 'rule-diff-removed',
  '@': 'rule-diff-place',
};

/** Unified hunks with colours. The marks at the beginning of the lines say the same without. */
export function Diff({ text, label }: { text: string; label: string }): VNode {
  const lines = text.split('\n').slice(0, -1);
  return (
    <pre class="code rule-diff" tabIndex={0} aria-label={label}>
      {lines.map((line, index) => (
        <span key={index} class={CLASSES[line[0] ?? '']}>
          {`${line}\n`}
        </span>
      ))}
    </pre>
  );
}

/** Source text with the numbers of its lines, which are not copied with it. */
export function Source({ text, first, label }: { text: string; first: number; label: string }): VNode {
  const lines = text.split('\n').slice(0, -1);
  return (
    <pre class="code rule-source" tabIndex={0} aria-label={label}>
      {lines.map((line, index) => (
        <span key={index} class="rule-source-line" data-line={first + index}>
          {`${line}\n`}
        </span>
      ))}
    </pre>
  );
}
