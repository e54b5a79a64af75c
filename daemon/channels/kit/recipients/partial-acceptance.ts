/** Number of unfinished deliveries that are remembered. A forgotten one is sent to all its recipients again. */
const MAX_REMEMBERED = 1000;

interface Progress<R> {
  readonly accepted: ReadonlySet<string>;
  /** Permanent refusals, by recipient. */
  readonly refused: ReadonlyMap<string, R>;
}

/**
 * Remembers which recipients of a delivery have a final answer. If a server accepts the message for some recipients and postpones
 * others, the next attempt is for the others only. Kept in memory: after a restart all get the message again, with the same id.
 */
export class PartialAcceptance<R> {
  readonly #open = new Map<string, Progress<R>>();

  /** Recipients without a final answer. All recipients if each has one, since a person then resends the message. */
  owed(delivery: string, recipients: readonly string[]): readonly string[] {
    const progress = this.#open.get(delivery);
    const left = recipients.filter((name) => !progress?.accepted.has(name) && !progress?.refused.has(name));
    return left.length === 0 ? recipients : left;
  }

  hasAccepted(delivery: string): boolean {
    return (this.#open.get(delivery)?.accepted.size ?? 0) > 0;
  }

  /** Adds the answers of one attempt to the earlier ones. They are remembered while a recipient is postponed. */
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
