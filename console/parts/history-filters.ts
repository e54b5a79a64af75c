import type { Query } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';
import { startOfDay } from '../lib/time.ts';
import type { Filter } from '../ui/filters.tsx';

type Name = keyof ReturnType<typeof labels>;

const labels = () => texts.value.filters.labels;

/** Filters of a history, by the names that the call and the command use too. `values`: the choices of those that have some. */
export function historyFilters(
  names: readonly Name[],
  values: Readonly<Partial<Record<Name, readonly string[]>>>,
): readonly Filter[] {
  const { example, today, yesterday } = texts.value.filters;
  const isTime = (name: Name): boolean => name === 'since' || name === 'until';
  const times = [
    { value: '1h' },
    { value: '24h' },
    { value: startOfDay(0), label: today },
    { value: startOfDay(-1), label: yesterday },
  ];
  return names.map((name) => ({
    name,
    label: labels()[name],
    ...(name === 'text' && { isSearch: true }),
    ...(values[name] !== undefined && { values: values[name] }),
    ...(isTime(name) && { placeholder: example, suggestions: times }),
  }));
}

/** Parameters of an address that the calls take: those of `names` that have a value. */
export function chosenOf(names: readonly Name[], query: Query): Query {
  return Object.fromEntries(names.map((name) => [name, query[name]]).filter(([, value]) => (value ?? '') !== ''));
}
