import { memoize } from '../../lib/memoize.ts';
import { isObject } from '../values/json.ts';

/** Reads the values at a dotted path of an event: none if the path does not exist, several if it passes through an array. */
export type Path = (event: unknown) => readonly unknown[];

/**
 * Compiles a path such as `data.repo.name`, `headers.x-github-event` or `items.0.id`; `items.id` is the id of each element. Keys
 * that contain dots are found too. Only own properties are read, so `constructor` and `__proto__` have no special meaning.
 */
export const compilePath = memoize((path: string): Path => compileSegments(path.split('.')));

const NOTHING: readonly unknown[] = [];

function compileSegments(names: readonly string[]): Path {
  const steps = names.map((_, from) => ({
    isIndex: /^\d+$/.test(names[from]!),
    index: Number(names[from]!),
    keys: names.slice(from).map((_name, more) => names.slice(from, from + more + 1).join('.')),
  }));
  return (event) => {
    let value = event;
    for (const name of names) {
      // Keys with dots and arrays need the slow search.
      if (!isObject(value) || !Object.hasOwn(value, name)) return collected(event, steps);
      value = value[name];
    }
    return [value];
  };
}

/** One segment of a path. */
interface Step {
  /** Whether the segment may be the index of an array element. */
  readonly isIndex: boolean;
  readonly index: number;
  /** Possible keys from this segment on: the segment, the segment joined with the next one, and so on. */
  readonly keys: readonly string[];
}

function collected(event: unknown, steps: readonly Step[]): readonly unknown[] {
  const found: unknown[] = [];
  collect(event, steps, 0, found);
  return found.length === 0 ? NOTHING : found;
}

function collect(value: unknown, steps: readonly Step[], from: number, found: unknown[]): void {
  const step = steps[from];
  if (step === undefined) found.push(value);
  else if (Array.isArray(value)) collectFromArray(value, steps, from, found);
  else if (isObject(value)) collectFromObject(value, steps, from, found);
}

function collectFromArray(values: readonly unknown[], steps: readonly Step[], from: number, found: unknown[]): void {
  const { isIndex, index } = steps[from]!;
  if (!isIndex) for (const value of values) collect(value, steps, from, found);
  else if (index < values.length) collect(values[index], steps, from + 1, found);
}

/** Uses the shortest key with a value: for `a.b` first `b` in `a`, then the key `a.b`. */
function collectFromObject(
  value: Record<string, unknown>,
  steps: readonly Step[],
  from: number,
  found: unknown[],
): void {
  const before = found.length;
  const { keys } = steps[from]!;
  for (let more = 0; more < keys.length && found.length === before; more += 1) {
    const key = keys[more]!;
    if (Object.hasOwn(value, key)) collect(value[key], steps, from + more + 1, found);
  }
}
