/** Request of a webhook. */
export interface Received {
  readonly channel: string;
  readonly delivery?: string;
  readonly sender?: string;
}

/** Requests that are not answered, and those of other senders about the same deliveries. */
export interface Stalled {
  /** Ids of the deliveries. */
  readonly ids: ReadonlySet<string>;
  /** Requests of other senders so far. */
  readonly repeated: number;
  /** Answers the requests that were open when the stall began. */
  answerFirst(status: number): void;
  /** Answers all others, and ends the stall. */
  end(): void;
}

export class Stall implements Stalled {
  readonly ids = new Set<string>();
  repeated = 0;
  readonly #sender: string;
  readonly #onEnd: () => void;
  readonly #first: ((status: number) => void)[] = [];
  readonly #others: (() => void)[] = [];

  constructor(sender: string, onEnd: () => void) {
    this.#sender = sender;
    this.#onEnd = onEnd;
  }

  add(delivery: string, answer: (status: number) => void): void {
    this.ids.add(delivery);
    this.#first.push(answer);
  }

  wait({ sender }: Received): Promise<undefined> {
    if (sender !== this.#sender) this.repeated += 1;
    return new Promise((resolve) => this.#others.push(() => resolve(undefined)));
  }

  answerFirst(status: number): void {
    for (const answer of this.#first.splice(0)) answer(status);
  }

  end(): void {
    this.#onEnd();
    for (const answer of this.#others.splice(0)) answer();
  }
}
