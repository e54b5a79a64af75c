import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import { type Clock, pause } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../store/store.ts';
import type { Inbox } from './inbox.ts';
import { LoggedTrouble } from './throttled-log.ts';

const CHECK_EVERY_MS = 1000;

export interface DiskWatchParts {
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Looks at the disk each second, also while no event comes, and logs each trouble once when it begins and once when it is over. */
export async function watchDisk({ store, deadLetters, inbox, log, clock, signal }: DiskWatchParts): Promise<void> {
  const state = new LoggedTrouble(log, 'the disk has room again: new events are taken');
  const letters = new LoggedTrouble(log, 'dead letters: they can be written again');
  const left = new LoggedTrouble(log, 'inbox: there is nothing left that cannot be read');
  while (!signal.aborted) {
    // A disk that failed has ended the daemon by `onFatal`.
    await store.check().catch(() => undefined);
    await deadLetters.check();
    state.note(store.refusing);
    letters.note(deadLetters.trouble);
    left.note((await inbox.look()).join('; ') || undefined);
    await pause(clock, CHECK_EVERY_MS, signal);
  }
}
