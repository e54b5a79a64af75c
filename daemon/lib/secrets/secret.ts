/** Method name for `util.inspect` and `console.log`, written out so that this file does not import `node:util`. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A value that prints as `***` everywhere. `.reveal()` is called only where the value is checked or leaves the process. */
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
 * Origin of a secret: a secret field, a literal header or variable, a URL that is not secret itself but contains a password, or a
 * reference.
 */
export type SecretRole = 'secret' | 'setting' | 'url' | 'reference';

/** A value from the configuration. `name` is that of its setting, header or variable. */
export interface GivenSecret {
  readonly value: string;
  readonly role: SecretRole;
  readonly name: string;
  /** A part of it comes from a reference. */
  readonly referenced?: boolean;
}

/** Whether a header describes the content and not the sender. */
export const isPublicHeader = (name: string): boolean =>
  /^(?:content-.*|accept.*|user-agent|cache-control|host|origin|date)$/i.test(name);
