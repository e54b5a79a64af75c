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
