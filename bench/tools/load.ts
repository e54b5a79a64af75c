import { now } from './clock.ts';
import { Connection, type Request, requestText } from './connection.ts';

export interface LoadOptions {
  readonly port: number;
  readonly count: number;
  /** The number of the first event; the others follow. */
  readonly first: number;
  readonly request: (number: number) => Request;
  readonly connections?: number;
  /** Requests per second. Absent: each after the response to the last one. */
  readonly rate?: number;
  /** Time limit of a response; then its status is 0. */
  readonly limitMs?: number;
}

/** Result of each request, in order. */
export interface Load {
  readonly first: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Time of sending; in a paced run the scheduled time, so that requests that a stalled target delays count in full. */
  readonly sent: Float64Array;
  readonly answered: Float64Array;
  readonly status: Uint16Array;
}

export const isAccepted = (status: number | undefined): boolean =>
  status !== undefined && status >= 200 && status < 300;

/** Sends `count` requests over keep-alive connections, one in flight on each. */
export function runLoad(options: LoadOptions): Promise<Load> {
  return new Promise((resolve) => new LoadRun(options, resolve).start());
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #resolve: (load: Load) => void;
  readonly #sent: Float64Array;
  readonly #answered: Float64Array;
  readonly #status: Uint16Array;
  readonly #connections: readonly Connection[];
  readonly #free: Connection[] = [];
  readonly #startedAt = now();
  readonly #limit: NodeJS.Timeout;
  #tick: NodeJS.Timeout | undefined;
  #next = 0;
  #done = 0;

  constructor(options: LoadOptions, resolve: (load: Load) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#sent = new Float64Array(options.count);
    this.#answered = new Float64Array(options.count);
    this.#status = new Uint16Array(options.count);
    this.#connections = Array.from({ length: options.connections ?? 16 }, () => new Connection(options.port));
    this.#limit = setTimeout(() => this.#finish(), options.limitMs ?? 100_000);
  }

  start(): void {
    this.#free.push(...this.#connections);
    this.#sendDue();
  }

  #sendDue(): void {
    while (this.#free.length > 0 && this.#next < this.#due()) this.#send(this.#free.pop()!);
    if (this.#options.rate !== undefined && this.#next < this.#options.count) {
      this.#tick = setTimeout(() => this.#sendDue(), 1);
    }
  }

  /** Number of requests that are due by now. */
  #due(): number {
    const { count, rate } = this.#options;
    if (rate === undefined) return count;
    return Math.min(count, Math.floor(((now() - this.#startedAt) * rate) / 1000) + 1);
  }

  #send(connection: Connection): void {
    const { first, port, rate, request } = this.#options;
    const index = this.#next++;
    this.#sent[index] = rate === undefined ? now() : this.#startedAt + (index * 1000) / rate;
    connection.send(requestText(port, request(first + index)), (status) => this.#answer(connection, index, status));
  }

  #answer(connection: Connection, index: number, status: number): void {
    this.#answered[index] = now();
    this.#status[index] = status;
    this.#done += 1;
    if (this.#done === this.#options.count) this.#finish();
    else if (this.#next >= this.#due()) this.#free.push(connection);
    else if (status > 0) this.#send(connection);
    else setTimeout(() => this.#retry(connection), 5);
  }

  /** Slows down if the target is down. */
  #retry(connection: Connection): void {
    if (this.#next < this.#due()) this.#send(connection);
    else this.#free.push(connection);
  }

  #finish(): void {
    clearTimeout(this.#limit);
    clearTimeout(this.#tick);
    this.#next = this.#options.count;
    for (const connection of this.#connections) connection.close();
    this.#resolve({
      first: this.#options.first,
      startedAt: this.#startedAt,
      endedAt: now(),
      sent: this.#sent,
      answered: this.#answered,
      status: this.#status,
    });
  }
}
