import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import { faultLog } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import { type Clock, pause } from '../../lib/time/clock.ts';
import type { Store } from '../../store/store.ts';
import type { KeptRules } from '../state/kept-rules.ts';
import type { AuditLog } from '../identity/audit/audit-log.ts';
import type { Inbox } from './inbox.ts';

const CHECK_EVERY_MS = 1000;

export interface DiskWatchDeps {
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
  readonly kept: KeptRules;
  readonly audit: Pick<AuditLog, 'check'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Watches the disk, which the self-check checks, the dead-letter file, the inbox, the audit log and the kept rules each second, also while no event arrives. Logs the beginning and the end of each fault. */
export async function watchDisk({
  store,
  deadLetters,
  inbox,
  kept,
  audit,
  log,
  clock,
  signal,
}: DiskWatchDeps): Promise<void> {
  const noteRefusal = faultLog(log, 'the disk has space again: new events are accepted');
  const noteDeadLetters = faultLog(log, 'dead letters: the file can be written again');
  const noteInbox = faultLog(log, 'inbox: all files can be read again');
  const noteKept = faultLog(log, 'the last good rules are kept again');
  while (!signal.aborted) {
    await deadLetters.check();
    noteRefusal(store.refusing);
    noteDeadLetters(deadLetters.fault);
    noteInbox((await inbox.check()).join('; ') || undefined);
    await audit.check();
    await kept.retry();
    noteKept(kept.fault);
    await pause(clock, CHECK_EVERY_MS, signal);
  }
}
