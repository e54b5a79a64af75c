import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useShortcuts } from '../lib/keys.ts';
import { place, setQuery } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';

/** One filter of a list. With `values` it is a choice, otherwise a text. */
export interface Filter {
  /** Name of the parameter, in the address and in the call. */
  readonly name: string;
  readonly label: string;
  readonly values?: readonly string[];
  /** Name of the choice when none is made. */
  readonly any?: string;
  readonly placeholder?: string;
  /** Texts to choose from; others are allowed. */
  readonly suggestions?: readonly { readonly value: string; readonly label?: string }[];
  /** The filter that `/` goes to. */
  readonly isSearch?: boolean;
}

const TYPING_MS = 300;

/** Filters of a list; they stand in the address, so that a view can be shared. */
export function Filters({ of }: { of: readonly Filter[] }): VNode {
  const { query } = place.value;
  const { common } = texts.value;
  const isFiltered = of.some(({ name }) => query[name] !== undefined);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {of.map((filter) =>
        filter.values === undefined ? (
          <TextFilter key={filter.name} {...filter} />
        ) : (
          <Choice key={filter.name} {...filter} />
        ),
      )}
      {isFiltered && (
        <button
          type="button"
          class="plain"
          onClick={() => setQuery(Object.fromEntries(of.map(({ name }) => [name, undefined])))}
        >
          {common.clear}
        </button>
      )}
    </form>
  );
}

function TextFilter({ name, label, placeholder, suggestions, isSearch = false }: Filter): VNode {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const inAddress = place.value.query[name] ?? '';
  const typed = useSignal(inAddress);
  useEffect(() => {
    typed.value = inAddress;
  }, [inAddress]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = isSearch ? [{ keys: '/', label, run: () => input.current?.focus() }] : [];
  useShortcuts(search, [isSearch, label]);
  return (
    <label class={isSearch ? 'filter filter-search' : 'filter'}>
      <span>{label}</span>
      <input
        ref={input}
        type="search"
        name={name}
        list={suggestions && `values-${name}`}
        value={typed.value}
        placeholder={placeholder}
        autoComplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(() => setQuery({ [name]: typed.value }, { replace: true }), TYPING_MS);
        }}
        onKeyDown={(event) => event.key === 'Escape' && input.current?.blur()}
      />
      {suggestions !== undefined && (
        <datalist id={`values-${name}`}>
          {suggestions.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </datalist>
      )}
    </label>
  );
}

function Choice({ name, label, values = [], any = texts.value.common.any }: Filter): VNode {
  const chosen = place.value.query[name] ?? '';
  // A value from a link that the list does not have is shown as it is, because it filters.
  const all = chosen === '' || values.includes(chosen) ? values : [...values, chosen];
  return (
    <label class="filter">
      <span>{label}</span>
      <select name={name} value={chosen} onChange={({ currentTarget }) => setQuery({ [name]: currentTarget.value })}>
        <option value="">{any}</option>
        {all.map((value) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
}
