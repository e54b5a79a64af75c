import { EXIT } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import { CommandError } from '../render/terminal.ts';

/** Time after which a waiting command prints a note. */
const NOTE_AFTER_MS = 3_000;

/** Error when the daemon has not answered within the limit. It may still carry out the request. */
export class NoAnswer extends CommandError {
  constructor(request: string, limit: number) {
    super(
      EXIT.failed,
      `the daemon is running, but has not answered \`${request}\` within ${formatDuration(limit)}; it may still carry out the request (see --timeout)`,
    );
    this.name = 'NoAnswer';
  }
}

export interface AnswerWaitOptions {
  readonly clock: Clock;
  readonly print: (text: string) => void;
  /** Name of the request for messages, such as `POST /v1/reload`. */
  readonly request: string;
  /** Milliseconds that the answer is expected to take. Notes and the limit count from then. */
  readonly expected: number;
  /** Milliseconds that the daemon may be silent; undefined means no limit. */
  readonly limit: number | undefined;
  /** Text that explains the wait. */
  readonly note: () => Promise<string>;
  readonly signal: AbortSignal | undefined;
}

/** Wait for one answer. It ends with the answer, at its limit or when the caller aborts it, and explains a long wait to the user. */
export class AnswerWait {
  readonly #options: AnswerWaitOptions;
  readonly #ended = new AbortController();
  readonly #cancelNote: () => void;
  #cancelLimit: () => void = () => {};
  #isOver = false;
  #noAnswer: NoAnswer | undefined;

  constructor(options: AnswerWaitOptions) {
    this.#options = options;
    const { clock, expected, signal } = options;
    this.#cancelNote = clock.after(expected + NOTE_AFTER_MS, () => void this.#printNote());
    if (signal?.aborted) this.#abort();
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.received();
  }

  /** Aborts the request. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Keeps the note back: the answer has begun, and its parts may come at any time. */
  answered(): void {
    this.#cancelNote();
  }

  /** Restarts the limit when a part of the answer has arrived. */
  received(): void {
    const { clock, expected, limit, request } = this.#options;
    this.#cancelLimit();
    if (limit === undefined) return;
    this.#cancelLimit = clock.after(expected + limit, () => {
      this.#noAnswer = new NoAnswer(request, expected + limit);
      this.#ended.abort();
    });
  }

  /** Converts an error of the request to one for the user. */
  failure(error: unknown, otherwise: (error: NodeJS.ErrnoException) => Error): unknown {
    if (this.#noAnswer !== undefined) return this.#noAnswer;
    if (error instanceof CommandError || this.#options.signal?.aborted) return error;
    return otherwise(error as NodeJS.ErrnoException);
  }

  end(): void {
    this.#isOver = true;
    this.#cancelNote();
    this.#cancelLimit();
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#ended.abort();

  async #printNote(): Promise<void> {
    const text = await this.#options.note();
    if (!this.#isOver) this.#options.print(text);
  }
}
