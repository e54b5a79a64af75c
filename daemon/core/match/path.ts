import { isObject } from '../json.ts';

/** The values that a dotted path leads to in an event: none when nothing is there, several when it leads through an array. */
export type Path = (event: unknown) => readonly unknown[];

/**
 * `data.repo.name`, `headers.x-github-event`, `items.0.id`; `items.id` is the id of any element. A key that itself has dots
 * is found too. Own properties only, so no event can make `constructor` or `__proto__` mean anything.
 */
export function compilePath(path: string): Path {
  const steps = path.split('.');
  return (event) => {
    const found: unknown[] = [];
    collect(event, steps, 0, found);
    return found;
  };
}

function collect(value: unknown, steps: readonly string[], from: number, found: unknown[]): void {
  if (from === steps.length) {
    found.push(value);
    return;
  }
  if (Array.isArray(value)) collectFromArray(value, steps, from, found);
  else if (isObject(value)) collectFromObject(value, steps, from, found);
}

function collectFromArray(values: readonly unknown[], steps: readonly string[], from: number, found: unknown[]): void {
  const step = steps[from]!;
  if (/^\d+$/.test(step)) {
    const index = Number(step);
    if (index < values.length) collect(values[index], steps, from + 1, found);
    return;
  }
  for (const value of values) collect(value, steps, from, found);
}

/** The shortest key that leads somewhere wins: `a.b` is first `b` in `a`, then the key `a.b`. */
function collectFromObject(
  value: Record<string, unknown>,
  steps: readonly string[],
  from: number,
  found: unknown[],
): void {
  const before = found.length;
  let key = '';
  for (let to = from; to < steps.length && found.length === before; to += 1) {
    key = to === from ? steps[to]! : `${key}.${steps[to]!}`;
    if (Object.hasOwn(value, key)) collect(value[key], steps, to + 1, found);
  }
}
