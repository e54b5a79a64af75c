const MAX_REMEMBERED = 1000;

/** Memoizes a pure function of a text: many rules contain the same texts, which need not be compiled or kept ten thousand times. */
export function memoize<T>(compute: (source: string) => T): (source: string) => T {
  const results = new Map<string, T>();
  return (source) => {
    const known = results.get(source);
    if (known !== undefined) return known;
    const fresh = compute(source);
    if (results.size >= MAX_REMEMBERED) results.clear();
    results.set(source, fresh);
    return fresh;
  };
}

/** Computes a value when it is first needed. */
export function lazy<T extends object>(compute: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= compute());
}

/** Memoizes a function of an object for as long as the object lives. */
export function memoizeByObject<K extends object, T>(compute: (key: K) => T): (key: K) => T {
  const results = new WeakMap<K, { readonly value: T }>();
  return (key) => {
    let known = results.get(key);
    if (known === undefined) results.set(key, (known = { value: compute(key) }));
    return known.value;
  };
}
