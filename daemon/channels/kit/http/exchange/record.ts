import { type Abortable, Deadline } from '../../../../lib/async/abort.ts';
import type { Clock } from '../../../../lib/time/clock.ts';

/** Request as it was handed to the connection. It contains secrets. */
export interface SentRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The last request of one attempt, with its answer. Keeps references only, because most of it is never looked at. */
export class ExchangeRecord {
  /** Called at each request. */
  onSent: (() => void) | undefined;
  #requests = 0;
  #request: SentRequest | undefined;
  #answer: ReceivedAnswer | undefined;

  get requests(): number {
    return this.#requests;
  }

  get request(): SentRequest | undefined {
    return this.#request;
  }

  get answer(): ReceivedAnswer | undefined {
    return this.#answer;
  }

  sent(request: SentRequest): void {
    this.#requests += 1;
    this.#request = request;
    this.#answer = undefined;
    this.onSent?.();
  }

  /** Requests to several servers are answered in any order; only the answer to the last one counts. */
  answered(request: SentRequest, answer: ReceivedAnswer): void {
    if (request === this.#request) this.#answer = answer;
  }
}

/** End of an attempt, with the record of what the attempt sends: every request gets it. */
export interface AttemptEnding extends Abortable {
  /** Absent outside the daemon, such as in tests of a channel. */
  readonly exchange?: ExchangeRecord;
  /** Hops of what the attempt causes, which every request carries; absent where no event is the cause. */
  readonly hops?: number | undefined;
}

export class AttemptDeadline extends Deadline implements AttemptEnding {
  readonly exchange = new ExchangeRecord();
  readonly hops: number | undefined;

  constructor(clock: Clock, ms: number, parent: AbortSignal, hops?: number) {
    super(clock, ms, parent);
    this.hops = hops;
  }
}
