/** What `util.inspect` and so `console.log` look for; by name, so that this file stays free of `node:`. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A value that prints as `***` everywhere. `.reveal()` is called only where the value leaves the process, inside a channel's `send`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [INSPECT](): string {
    return '***';
  }
}
