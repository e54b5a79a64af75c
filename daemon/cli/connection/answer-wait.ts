import { EXIT } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import { CommandError } from '../render/terminal.ts';

/** Milliseconds after which a command that waits says for what. */
export const SAID_AFTER = 3_000;

/** The daemon took the request and did not answer in the time that was given: what it was asked for may still be done. */
export class NoAnswer extends CommandError {
  constructor(request: string, limit: number) {
    super(
      EXIT.failed,
      `the daemon is there, but has not answered \`${request}\` within ${formatDuration(limit)}; it may still do what it was asked for (see --timeout)`,
    );
    this.name = 'NoAnswer';
  }
}

export interface AnswerWaitOptions {
  readonly clock: Clock;
  readonly say: (text: string) => void;
  /** Such as `POST /v1/reload`. */
  readonly request: string;
  /** Milliseconds that the answer takes anyway; nothing is said and no limit counts before. */
  readonly expected: number;
  /** Milliseconds without a sign of life that are allowed; undefined is any time. */
  readonly limit: number | undefined;
  /** Says for what it waits. */
  readonly note: () => Promise<string>;
  readonly signal: AbortSignal | undefined;
}

/** The waiting for one answer: it ends with the answer, at its limit, or when its caller no longer wants it, and says after a while for what it waits. */
export class AnswerWait {
  readonly #options: AnswerWaitOptions;
  readonly #ended = new AbortController();
  readonly #cancelNote: () => void;
  #cancelLimit: () => void = () => {};
  #over = false;
  #noAnswer: NoAnswer | undefined;

  constructor(options: AnswerWaitOptions) {
    this.#options = options;
    const { clock, expected, signal } = options;
    this.#cancelNote = clock.after(expected + SAID_AFTER, () => void this.#say());
    if (signal?.aborted) this.#abort();
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.heard();
  }

  /** Aborts the request. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** A piece of the answer has come: the limit counts from now. */
  heard(): void {
    const { clock, expected, limit, request } = this.#options;
    this.#cancelLimit();
    if (limit === undefined) return;
    this.#cancelLimit = clock.after(expected + limit, () => {
      this.#noAnswer = new NoAnswer(request, expected + limit);
      this.#ended.abort();
    });
  }

  /** The error for the user that an error of the request stands for. */
  failure(error: unknown, otherwise: (error: NodeJS.ErrnoException) => Error): unknown {
    if (this.#noAnswer !== undefined) return this.#noAnswer;
    if (error instanceof CommandError || this.#options.signal?.aborted) return error;
    return otherwise(error as NodeJS.ErrnoException);
  }

  end(): void {
    this.#over = true;
    this.#cancelNote();
    this.#cancelLimit();
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#ended.abort();

  async #say(): Promise<void> {
    const text = await this.#options.note();
    if (!this.#over) this.#options.say(text);
  }
}
