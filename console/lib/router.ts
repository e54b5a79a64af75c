import { computed, signal } from '@preact/signals';

/** Parameters of an address: name -> value; empty ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** State of the console in its address: `#/events/ID?rule=x`. */
export interface Place {
  /** Decoded segments of the path: `['events', 'ID']`; empty for the first page. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Reads the part of an address after `#`. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  return {
    path: path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Address of a place: `#/events/ID?rule=x`. Parameters without a value are left out. */
export function href(path: readonly string[], query: Query = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => (pair[1] ?? '') !== '');
  const text = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

/** The place that the address shows now. */
export const place = computed<Place>(() => placeOf(hash.value));

/** Goes to another place, as a new entry of the browser's history. */
export function go(path: readonly string[], query: Query = {}): void {
  location.hash = href(path, query);
}

/** Changes parameters of the current place. `replace`: without a new entry of the browser's history, for text that is being typed. */
export function setQuery(changes: Query, { replace = false } = {}): void {
  const { path, query } = place.value;
  const target = href(path, { ...query, ...changes });
  if (!replace) {
    location.hash = target;
    return;
  }
  history.replaceState(null, '', target);
  hash.value = location.hash;
}

/** A malformed escape stays as it is: a link may have been cut by a mail program. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
