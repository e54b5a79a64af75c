const MOST_REMEMBERED = 1000;

/** The same, made once for each text: many rules say the same thing, which need not be compiled ten thousand times, nor kept as often. */
export function onceFor<T>(make: (source: string) => T): (source: string) => T {
  const made = new Map<string, T>();
  return (source) => {
    const known = made.get(source);
    if (known !== undefined) return known;
    const fresh = make(source);
    if (made.size >= MOST_REMEMBERED) made.clear();
    made.set(source, fresh);
    return fresh;
  };
}

/** A function that computes its result once for each object, for as long as the object lives. */
export function memoizeByObject<K extends object, T>(make: (key: K) => T): (key: K) => T {
  const made = new WeakMap<K, { readonly value: T }>();
  return (key) => {
    let known = made.get(key);
    if (known === undefined) made.set(key, (known = { value: make(key) }));
    return known.value;
  };
}
