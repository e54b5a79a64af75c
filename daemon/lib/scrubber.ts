/** Shorter values are not searched for in text: replacing every `prod` or `8080` would make logs unreadable and hide nothing. */
const SHORTEST_SCRUBBED = 6;

/**
 * Knows every secret value that the configuration has brought in and takes them out of text that leaves the daemon by
 * another way than a channel: log lines, dead letters, status, error answers. One per process; values are only ever added,
 * since a message rendered under the old rules may still be on its way after a reload.
 */
export class Scrubber {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  add(value: string): void {
    if (value.length < SHORTEST_SCRUBBED) return;
    const before = this.#forms.size;
    for (const form of formsOf(value)) this.#forms.add(form);
    if (this.#forms.size !== before) this.#pattern = undefined;
  }

  scrub(text: string): string {
    if (this.#forms.size === 0) return text;
    return text.replace(this.#anyForm(), '***');
  }

  /** The same for a JSON value: a copy with every string in it scrubbed, keys too; itself when nothing is to be hidden. */
  scrubJson<T>(value: T): T {
    if (this.#forms.size === 0 || !this.#isIn(JSON.stringify(value))) return value;
    return this.#copy(value) as T;
  }

  #isIn(text: string): boolean {
    return text.search(this.#anyForm()) !== -1;
  }

  #anyForm(): RegExp {
    this.#pattern ??= alternation(this.#forms);
    return this.#pattern;
  }

  #copy(value: unknown): unknown {
    if (typeof value === 'string') return this.scrub(value);
    if (Array.isArray(value)) return value.map((item) => this.#copy(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.scrub(key), this.#copy(item)]));
  }
}

/** The ways in which a secret shows up in text: raw, URL-encoded, JSON-escaped, base64 and base64url. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const forms = [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
  return forms.filter((form) => form.length >= SHORTEST_SCRUBBED);
}

function alternation(forms: Set<string>): RegExp {
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((form) => form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'g');
}
