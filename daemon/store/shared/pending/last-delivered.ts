import type { Attempt } from '../../../core/delivery/delivery.ts';
import { deliveredAt } from '../history/activity-counts.ts';
import { type Commits, Writes } from '../writes.ts';
import { timeOfSeq, toColumn } from '../keys.ts';
import { USE } from '../stored-states.ts';

/** Times of the last success of each channel since the start. Written now and then, not with each delivery. */
export class LastDelivered {
  readonly times = new Map<string, number>();
  readonly #unwritten = new Set<string>();

  /** Notes a delivery, by its row number. Without an attempt it was acknowledged, at a time that the store does not know. */
  note(channel: string, seq: number, attempt: Attempt | undefined): void {
    const at = deliveredAt(attempt === undefined ? [] : [attempt], timeOfSeq(seq));
    if (at <= (this.times.get(channel) ?? 0)) return;
    this.times.set(channel, at);
    this.#unwritten.add(channel);
  }

  /** Stores the times, so that a restart knows them. */
  async write(committer: Commits): Promise<void> {
    const writes = new Writes();
    for (const channel of this.#unwritten)
      writes.add('lastUse', USE.delivered, toColumn(channel), this.times.get(channel)!);
    this.#unwritten.clear();
    if (writes.names.length > 0) await committer.submit({ writes, decided: false });
  }
}
