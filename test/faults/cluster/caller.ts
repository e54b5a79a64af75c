import type { Home, Answer } from '../../support/daemon.ts';
import type { Target } from '../support/load.ts';

/** Answers that clients saw, by status and code of the problem, and the longest wait. */
export class Seen {
  readonly answers = new Map<string, number>();
  longestMs = 0;

  note(answer: Answer | undefined, ms: number): void {
    const { code } = (answer?.body ?? {}) as { code?: string };
    const name = answer === undefined ? 'no answer' : `${answer.status}${code === undefined ? '' : ` ${code}`}`;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    this.longestMs = Math.max(this.longestMs, ms);
  }

  /** Such as `202: 812, 503 store.unavailable: 40`. */
  toString(): string {
    const all = [...this.answers]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `${name}: ${count.toLocaleString('en')}`);
    return `${all.join(', ')}; longest ${(this.longestMs / 1000).toFixed(1)} s`;
  }
}

/** Sends each request to the next daemon, as a load balancer does, and notes the answers. */
export function callerOf(homes: readonly Home[], seen: Seen): Target {
  let next = 0;
  return {
    async call<T>(...request: Parameters<Home['call']>): Promise<Answer<T>> {
      const home = homes[(next += 1) % homes.length]!;
      const began = performance.now();
      try {
        const answer = await home.call<T>(...request);
        seen.note(answer, performance.now() - began);
        return answer;
      } catch (error) {
        seen.note(undefined, performance.now() - began);
        throw error;
      }
    },
  };
}
