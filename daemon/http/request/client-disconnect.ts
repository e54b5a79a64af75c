import type { ServerResponse } from 'node:http';

/** When the client has gone. The signal is made when somebody asks for it: most requests are over before anybody would. */
export class Departure {
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get isOver(): boolean {
    return this.#response.destroyed;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.isOver) controller.abort();
    else this.#response.once('close', () => controller.abort());
    return controller.signal;
  }
}
