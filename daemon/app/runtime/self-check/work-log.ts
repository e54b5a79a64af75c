import { performance } from 'node:perf_hooks';
import type { Clock } from '../../../lib/time/clock.ts';

/** Work of the event loop in a time. Little `busy_ms` in a long block: the process was stopped, or the machine was too slow. */
export interface WorkDone {
  /** Time in which the event loop ran code, milliseconds. */
  readonly busy_ms: number;
  /** Kinds of work that took longest, as `12 events: 5400 ms, of which 5100 ms for 019ab3f2-...`. */
  readonly longest: readonly string[];
}

interface Total {
  count: number;
  ms: number;
  longestMs: number;
  longest: string;
}

/** Kinds shorter than this explain no block. */
const MIN_SHOWN_MS = 100;

/** Records how long the event loop worked for events and timers, so that the log can say what blocked it. */
export class WorkLog {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #totals = new Map<string, Total>();
  #before = performance.eventLoopUtilization();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Runs synchronous work; `kind` is a plural noun, `id` names the thing that is worked on. */
  measure<T>(kind: string, id: string, work: () => T): T {
    const began = this.#clock.monotonic();
    try {
      return work();
    } finally {
      this.#add(kind, id, this.#clock.monotonic() - began);
    }
  }

  /** Work since the last call. */
  take(): WorkDone {
    const now = performance.eventLoopUtilization();
    const { active } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const long = [...this.#totals].filter(([, { ms }]) => ms >= MIN_SHOWN_MS).sort(([, a], [, b]) => b.ms - a.ms);
    this.#totals.clear();
    return { busy_ms: Math.round(active), longest: long.map(textOf) };
  }

  #add(kind: string, id: string, ms: number): void {
    const total = this.#totals.get(kind);
    if (total === undefined) {
      this.#totals.set(kind, { count: 1, ms, longestMs: ms, longest: id });
      return;
    }
    total.count += 1;
    total.ms += ms;
    if (ms <= total.longestMs) return;
    total.longestMs = ms;
    total.longest = id;
  }
}

/** Runs work without measuring it. */
export const UNMEASURED: Pick<WorkLog, 'measure'> = { measure: (_kind, _id, work) => work() };

function textOf([kind, { count, ms, longestMs, longest }]: readonly [string, Total]): string {
  return `${count} ${kind}: ${Math.round(ms)} ms, of which ${Math.round(longestMs)} ms for ${longest}`;
}
