import type { HookAnswer } from '../source.ts';
import { problem } from './request-body.ts';

export const STOPPING = problem(503, 'this source is stopping; send the request again later');

/** Requests in progress. A source that stops waits until they are answered, and refuses new ones. */
export class OpenRequests {
  readonly #answers = new Set<Promise<HookAnswer>>();
  #isStopped = false;

  async handle(answerRequest: () => Promise<HookAnswer>): Promise<HookAnswer> {
    if (this.#isStopped) return STOPPING;
    const answer = answerRequest();
    this.#answers.add(answer);
    try {
      return await answer;
    } finally {
      this.#answers.delete(answer);
    }
  }

  /** Resolves when the open requests have been answered or have failed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#answers);
  }
}
