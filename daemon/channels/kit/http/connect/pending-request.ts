import type { Dispatcher } from 'undici';
import { SendFailure } from '../../../../core/problems/failure.ts';
import { networkFailure } from '../../net/network-failures.ts';
import type { HttpAnswer } from '../failures.ts';

interface RequestEnd {
  /** Bytes of the answer's body that are kept; reading stops there. */
  readonly maxBytes: number;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (failure: SendFailure) => void;
}

/**
 * One request and its answer. If it ends early, the result depends on its progress: before the request is on a connection, nothing
 * was sent; after that the server may have it; after the status line the server has answered, even if the body is cut off.
 */
export class PendingRequest implements Dispatcher.DispatchHandler {
  readonly #end: RequestEnd;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #head: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  #ended = false;
  #cleanUp: () => void = () => undefined;

  constructor(end: RequestEnd) {
    this.#end = end;
  }

  onEnd(cleanUp: () => void): void {
    this.#cleanUp = cleanUp;
  }

  /** Ends the wait. A connection that is not established yet ends by its own timeout. */
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
    if (this.#bytes >= this.#end.maxBytes) this.#answered();
  }

  onResponseEnd(): void {
    // The answer is whole: there is no connection to abort.
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
    return whole.subarray(0, this.#end.maxBytes);
  }

  #failed(failure: SendFailure): void {
    this.#finish(() => this.#end.reject(failure));
  }

  #finish(report: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cleanUp();
    report();
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
