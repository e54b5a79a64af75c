import type { JobChannel, JobFailure, JobView } from '../../http/daemon-api.ts';
import { formatDuration, type Rate } from '../../lib/time/duration.ts';
import type { JobResult, JobWork } from './work.ts';

/** Failures that the view of a job shows. */
const MAX_FAILURES = 20;

interface Part {
  readonly total: number;
  done: number;
  failed: number;
}

/** Counts the results of a job, and estimates when it ends. */
export class JobProgress {
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #rateOf: (part: string) => Rate | undefined;
  readonly #results = new Map<string, number>();
  readonly #failures: JobFailure[] = [];

  constructor({ parts, rateOf = () => undefined }: Pick<JobWork<object>, 'parts' | 'rateOf'>) {
    this.#parts = new Map([...parts].map(([name, total]) => [name, { total, done: 0, failed: 0 }]));
    this.#rateOf = rateOf;
  }

  add({ part: name, state, failure }: JobResult): void {
    const part = this.#parts.get(name);
    if (part !== undefined) part.done += 1;
    this.#results.set(state, (this.#results.get(state) ?? 0) + 1);
    if (failure === undefined) return;
    if (part !== undefined) part.failed += 1;
    this.#failures.push(failure);
    if (this.#failures.length > MAX_FAILURES) this.#failures.shift();
  }

  get view(): Pick<JobView, 'total' | 'done' | 'delivered' | 'failed' | 'left' | 'results' | 'channels' | 'failures'> {
    const parts = [...this.#parts.values()];
    const sum = (count: (part: Part) => number): number => parts.reduce((all, part) => all + count(part), 0);
    const total = sum((part) => part.total);
    const done = sum((part) => part.done);
    return {
      total,
      done,
      delivered: this.#results.get('delivered') ?? 0,
      failed: sum((part) => part.failed),
      left: total - done,
      results: Object.fromEntries(this.#results),
      channels: [...this.#parts].flatMap(([name, part]) => (name === '' ? [] : [this.#channel(name, part)])),
      failures: [...this.#failures],
    };
  }

  /** Milliseconds until the end, at the speed of the `activeMs` so far and within the rates; undefined while it is unknown. */
  msLeft(activeMs: number): number | undefined {
    let longest = 0;
    for (const [name, { total, done }] of this.#parts) {
      const left = total - done;
      if (left === 0) continue;
      const rate = this.#rateOf(name);
      const byRate = rate && (left * rate.per) / rate.count;
      const bySpeed = done === 0 ? undefined : (left * activeMs) / done;
      if (byRate === undefined && bySpeed === undefined) return undefined;
      longest = Math.max(longest, byRate ?? 0, bySpeed ?? 0);
    }
    return Math.round(longest);
  }

  #channel(channel: string, part: Part): JobChannel {
    const rate = this.#rateOf(channel);
    return { channel, ...part, ...(rate !== undefined && { rate: `${rate.count}/${formatDuration(rate.per)}` }) };
  }
}
