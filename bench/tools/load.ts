import { now } from './clock.ts';
import { Connection, type Request, requestText } from './connection.ts';

export interface LoadOptions {
  readonly port: number;
  readonly count: number;
  /** The number of the first event; the others follow. */
  readonly first: number;
  readonly request: (number: number) => Request;
  readonly connections?: number;
  /** Requests a second. Absent: as fast as answers come. */
  readonly rate?: number;
  /** What is not answered by then has status 0. */
  readonly limitMs?: number;
}

/** What became of each request, in order. */
export interface Load {
  readonly first: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When it was sent; in a paced run when it was to be sent, so that a target that stalls cannot hide what it kept waiting. */
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
    this.#pump();
  }

  #pump(): void {
    while (this.#free.length > 0 && this.#next < this.#due()) this.#send(this.#free.pop()!);
    if (this.#options.rate !== undefined && this.#next < this.#options.count) {
      this.#tick = setTimeout(() => this.#pump(), 1);
    }
  }

  /** How many are to be sent by now. */
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

  /** A target that is down is not hammered. */
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
