import type { Signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';

const INDENT = '  ';

/**
 * Editor of a text with line numbers. The tab key indents; after Escape it leaves the field, so that nobody is caught in it. `wrong`:
 * lines with a problem.
 */
export function Editor(props: {
  label: string;
  text: Signal<string>;
  hint: string;
  wrong?: readonly number[];
  placeholder?: string;
  onEdit?: () => void;
}): VNode {
  const { label, text, hint, wrong = [], placeholder, onEdit } = props;
  const numbers = useRef<HTMLDivElement>(null);
  const leaves = useRef(false);
  const count = text.value.split('\n').length;
  const edit = (field: HTMLTextAreaElement): void => {
    text.value = field.value;
    onEdit?.();
  };
  return (
    <div class="editor">
      <div class="editor-numbers" ref={numbers} aria-hidden="true">
        {Array.from({ length: count }, (_, index) => (
          <div key={index} class={wrong.includes(index + 1) ? 'editor-wrong' : undefined}>
            {index + 1}
          </div>
        ))}
      </div>
      <textarea
        aria-label={label}
        title={hint}
        value={text.value}
        placeholder={placeholder}
        rows={18}
        wrap="off"
        spellcheck={false}
        autoComplete="off"
        autoCapitalize="off"
        onInput={({ currentTarget }) => edit(currentTarget)}
        onScroll={({ currentTarget }) => {
          if (numbers.current !== null) numbers.current.scrollTop = currentTarget.scrollTop;
        }}
        onBlur={() => (leaves.current = false)}
        onKeyDown={(event) => {
          const isLeaving = leaves.current;
          leaves.current = event.key === 'Escape';
          if (event.key !== 'Tab' || isLeaving || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey)
            return;
          event.preventDefault();
          const field = event.currentTarget;
          field.setRangeText(INDENT, field.selectionStart, field.selectionEnd, 'end');
          edit(field);
        }}
      />
    </div>
  );
}
