import type { Dispatcher } from 'undici';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { HttpAnswer } from './client.ts';
import { networkFailure } from './network-failures.ts';

export interface ExchangeEnd {
  /** Bytes of the answer's body that are kept; reading stops there. */
  readonly longest: number;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (failure: SendFailure) => void;
}

/**
 * One request and its answer, watched closely enough to know at any moment what an end means: before the request is on a
 * connection nothing was sent, after that the far side may have it, and once the status line is there it has answered,
 * whatever becomes of the rest.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #end: ExchangeEnd;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #head: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  #ended = false;
  #cleanUp: () => void = () => undefined;

  constructor(end: ExchangeEnd) {
    this.#end = end;
  }

  onEnd(cleanUp: () => void): void {
    this.#cleanUp = cleanUp;
  }

  /** The caller waits no longer. A connection that is still being made is left to its own timeout. */
  abort(): void {
    if (this.#head !== undefined) return this.#answered();
    this.#failed(
      this.#controller === undefined
        ? new SendFailure('transient', 'net.timeout', 'the attempt ended before a connection was made')
        : new SendFailure('unknown', 'http.no_answer', 'no answer before the attempt ended'),
    );
  }

  fail(error: unknown): void {
    if (this.#head !== undefined) this.#answered();
    else this.#failed(networkFailure(error, this.#controller !== undefined));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) controller.abort(new Error('aborted'));
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status >= 200) this.#head = { status, headers: flattened(headers) };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= this.#end.longest) this.#answered();
  }

  onResponseEnd(): void {
    // Whole: nothing is left to be broken off.
    this.#controller = undefined;
    this.#answered();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  #answered(): void {
    const text = this.#bytes === 0 ? '' : this.#kept().toString('utf8');
    const { status, headers } = this.#head!;
    this.#finish(() => this.#end.resolve({ status, headers, text }));
  }

  #kept(): Buffer {
    const whole = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    return whole.subarray(0, this.#end.longest);
  }

  #failed(failure: SendFailure): void {
    this.#finish(() => this.#end.reject(failure));
  }

  #finish(tell: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cleanUp();
    tell();
    // Closes the connection instead of reading on.
    this.#controller?.abort(new Error('aborted'));
  }
}

function flattened(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
