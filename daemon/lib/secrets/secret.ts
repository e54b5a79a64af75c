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

/**
 * How a value came to be a secret: it stands in a secret field, is a literal header or variable, is a URL that is no secret
 * but has a password in it, or came in through a reference.
 */
export type SecretRole = 'secret' | 'setting' | 'url' | 'reference';

/** A value that the configuration brings in. `name` is that of its setting, header or variable. */
export interface GivenSecret {
  readonly value: string;
  readonly role: SecretRole;
  readonly name: string;
  /** Something in it came in through a reference. */
  readonly referenced?: boolean;
}

/** Headers that say what kind of text goes, not who sends it. */
export const isPublicHeader = (name: string): boolean =>
  /^(?:content-.*|accept.*|user-agent|cache-control|host|origin|date)$/i.test(name);
