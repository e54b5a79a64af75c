import type { Event } from '../event/event.ts';
import { isObject } from '../values/json.ts';

/** Bounds of the labels of one alert. */
const MAX_LABELS = 24;
const MAX_CHARS = 200;
/** Depth of the data: `data.host` and `data.labels.team`. */
const MAX_DEPTH = 2;

export type Labels = Readonly<Record<string, string | number | boolean>>;

/** Attributes and short values of an event by their paths, as `match` of a silence takes them: `data.host`. */
export function labelsOf({ source, type, subject, data }: Event): Labels {
  const attributes = Object.entries({ source, type, subject });
  return Object.fromEntries([...attributes, ...fieldsOf(data, 'data', MAX_DEPTH)].filter(isLabel).slice(0, MAX_LABELS));
}

function fieldsOf(value: unknown, path: string, depth: number): readonly (readonly [string, unknown])[] {
  if (!isObject(value)) return [];
  return Object.entries(value)
    .slice(0, MAX_LABELS)
    .filter(([name]) => name !== '' && !name.includes('.'))
    .flatMap(([name, field]) => {
      const at = `${path}.${name}`;
      return depth > 1 && isObject(field) ? fieldsOf(field, at, depth - 1) : [[at, field] as const];
    });
}

/** A value that was cut would match no event, so a long one is no label. */
function isLabel(entry: readonly [string, unknown]): entry is readonly [string, string | number | boolean] {
  const [path, value] = entry;
  if (path.length > MAX_CHARS) return false;
  return typeof value === 'string'
    ? value.length <= MAX_CHARS
    : typeof value === 'number' || typeof value === 'boolean';
}
