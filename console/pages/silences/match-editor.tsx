import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import type { MatchLine } from './match.ts';

/** Conditions of a match, one in a line: all must hold. */
export function MatchEditor(props: {
  lines: readonly MatchLine[];
  onChange: (lines: readonly MatchLine[]) => void;
}): VNode {
  const { lines, onChange } = props;
  const { silences: t } = texts.value;
  const replace = (at: number, ...by: readonly MatchLine[]): void =>
    onChange([...lines.slice(0, at), ...by, ...lines.slice(at + 1)]);
  return (
    <fieldset class="matchers">
      <legend>{t.match}</legend>
      {lines.map((line, at) => (
        <div key={at} class="matcher">
          <input
            aria-label={t.path}
            value={line.path}
            placeholder="data.host"
            autoCapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => replace(at, { ...line, path: currentTarget.value })}
          />
          <span>=</span>
          <input
            aria-label={t.valueOf(line.path)}
            value={line.text}
            placeholder="web1"
            autoCapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => replace(at, { ...line, text: currentTarget.value })}
          />
          <button type="button" class="plain" aria-label={t.removeLine(line.path)} onClick={() => replace(at)}>
            ×
          </button>
        </div>
      ))}
      <button type="button" class="plain" onClick={() => onChange([...lines, { path: '', text: '' }])}>
        + {t.addLine}
      </button>
    </fieldset>
  );
}
