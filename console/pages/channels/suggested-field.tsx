import type { VNode } from 'preact';

/** A value that may be chosen. */
export interface Suggestion {
  readonly value: string;
  readonly label?: string;
}

export interface SuggestedFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly of: readonly Suggestion[];
  readonly onInput: (value: string) => void;
  readonly placeholder?: string;
}

/** Text field with values to choose from. Other values are allowed. */
export function SuggestedField({ name, label, value, of, onInput, placeholder }: SuggestedFieldProps): VNode {
  const list = `values-${name}`;
  return (
    <label>
      {label}
      <input
        name={name}
        list={list}
        autoComplete="off"
        spellcheck={false}
        value={value}
        placeholder={placeholder}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      <datalist id={list}>
        {of.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </datalist>
    </label>
  );
}
