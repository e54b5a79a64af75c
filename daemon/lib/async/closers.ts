/** Registers everything that opens, and closes it in reverse order. All parts are closed, and all failures are reported. */
export class Closers {
  readonly #stack: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];

  own(name: string, close: () => Promise<void> | void): void {
    this.#stack.push({ name, close });
  }

  /** Idempotent. Throws an AggregateError naming each part that failed to close. */
  async close(): Promise<void> {
    const failures: Error[] = [];
    for (let part = this.#stack.pop(); part !== undefined; part = this.#stack.pop()) {
      try {
        await part.close();
      } catch (cause) {
        failures.push(new Error(`closing ${part.name} failed`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  }
}
