import type { ServerResponse } from 'node:http';

/** Disconnection of the client of one request. The signal is created on first use, because most requests never need it. */
export class ClientDisconnect {
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get isDisconnected(): boolean {
    return this.#response.destroyed;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.isDisconnected) controller.abort();
    else this.#response.once('close', () => controller.abort());
    return controller.signal;
  }
}
