/** Deliveries with some recipients postponed that are remembered; of an older one everybody gets the message once more. */
const MAX_REMEMBERED = 1000;

interface Progress<R> {
  readonly accepted: ReadonlySet<string>;
  /** Refusals for good, by recipient. */
  readonly refused: ReadonlyMap<string, R>;
}

/**
 * Recipients of a delivery who have a final answer. When a server takes the message for some and postpones others, the next
 * attempt is for the others only. Kept in memory: after a restart in between, all get the message again with the same id.
 */
export class PartialAcceptance<R> {
  readonly #open = new Map<string, Progress<R>>();

  /** Recipients without a final answer; all of them when a person resends to everybody who has it. */
  owed(delivery: string, recipients: readonly string[]): readonly string[] {
    const progress = this.#open.get(delivery);
    const left = recipients.filter((name) => !progress?.accepted.has(name) && !progress?.refused.has(name));
    return left.length === 0 ? recipients : left;
  }

  hasAccepted(delivery: string): boolean {
    return (this.#open.get(delivery)?.accepted.size ?? 0) > 0;
  }

  /** Adds the answers of one attempt to those before; they are remembered while somebody is postponed. */
  record(delivery: string, attempt: Progress<R>, postponed: boolean): Progress<R> {
    const before = this.#open.get(delivery);
    const progress = {
      accepted: new Set([...(before?.accepted ?? []), ...attempt.accepted]),
      refused: new Map([...(before?.refused ?? []), ...attempt.refused]),
    };
    this.#open.delete(delivery);
    if (postponed) this.#open.set(delivery, progress);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_REMEMBERED && oldest !== undefined) this.#open.delete(oldest);
    return progress;
  }
}
