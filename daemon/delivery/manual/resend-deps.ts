import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Event } from '../../core/event/event.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Store } from '../../store/store.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';
import type { ManualResult } from './attempt.ts';

export interface ResendingDeps {
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Scrubber that masked the dead letters. */
  readonly scrubber: Pick<Scrubber, 'scrubJson'>;
  /** Makes one attempt with the live settings of a channel; undefined if there is no such channel. `signal` ends the wait for its turn. */
  readonly attempt: (channel: string, delivery: Delivery, signal: AbortSignal) => Promise<ManualResult | undefined>;
  readonly channelType: (channel: string) => string | undefined;
  /** Number of concurrent attempts of a channel: the upper bound of attempts that were delivered and are not yet recorded. */
  readonly concurrency: (channel: string) => number;
  /** Decides an event anew by the live rules; durable when it resolves. Repeated with the same `deadLetterId` after a crash, it is the same request. */
  readonly requeue: (event: Event, deadLetterId: string) => Promise<void>;
}
