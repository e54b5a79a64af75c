import type { Log } from '../../lib/log.ts';

/** Logs a trouble that is found again and again once when it begins, and once when it is over. */
export class LoggedTrouble {
  readonly #log: Log;
  readonly #over: string;
  #logged: string | undefined;

  /** `over` is the line that ends it. */
  constructor(log: Log, over: string) {
    this.#log = log;
    this.#over = over;
  }

  /** undefined: there is none. */
  note(trouble: string | undefined): void {
    if (trouble === this.#logged) return;
    if (trouble === undefined) this.#log.info(this.#over);
    else this.#log.error(trouble);
    this.#logged = trouble;
  }
}
