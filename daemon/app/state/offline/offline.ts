import type { AuditEntry } from '../../../core/audit/entry.ts';
import { NO_WRITES } from '../../../core/event/file-writes.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { openDeadLetters } from '../../../delivery/dead-letters/dead-letters.ts';
import { Lanes } from '../../../delivery/lanes.ts';
import { Resending } from '../../../delivery/manual/resend.ts';
import type { ChannelView, DaemonApi, ResendLine, ResendRequest } from '../../../http/daemon-api.ts';
import { newId } from '../../../lib/id.ts';
import { RunControl } from '../../../lib/async/run-control.ts';
import { Closers } from '../../../lib/async/closers.ts';
import { openLog } from '../../../lib/log.ts';
import { Scrubber } from '../../../lib/secrets/scrubber.ts';
import { type Terminal, userOf } from '../../../lib/terminal.ts';
import { openStore } from '../../../store/sqlite/sqlite.ts';
import { hasButtons } from '../../buttons/channels.ts';
import { outgoingMessages } from '../../buttons/messages.ts';
import { openAuditLog } from '../../identity/audit/audit-log.ts';
import { auditOf } from '../../api/daemon-api.ts';
import { channelsOf } from '../../api/status/status.ts';
import { Inbox } from '../../runtime/inbox.ts';
import { Intake } from '../../runtime/intake.ts';
import { resendingDeps } from '../../runtime/runtime.ts';
import { checkState, stateError } from '../check-state.ts';
import { channelOpener } from '../../channels/opener.ts';
import { WebPush } from '../../channels/web-push.ts';
import { type OpenStateOptions, openState } from '../open-state.ts';
import type { StatePaths } from '../paths.ts';

/** Access to the state directory while no daemon runs. */
export interface Offline {
  readonly daemon: {
    channels(): Promise<readonly ChannelView[]>;
    /** Sends dead letters without a job: it ends when `signal` aborts. */
    resend(request: ResendRequest & { readonly by?: string }, signal: AbortSignal): AsyncIterable<ResendLine>;
  };
  close(): Promise<void>;
}

/** Access to the store and the dead letters while no daemon runs; it needs neither the rules nor their secrets. */
export interface OfflineStore {
  readonly daemon: Pick<DaemonApi, 'drop' | 'audit'>;
  close(): Promise<void>;
}

/** Opens the store and the dead letters, and takes their lock. Rejects with `store.locked` (exit 75) if a daemon runs after all. */
export async function openOfflineStore(
  paths: StatePaths,
  { terminal, clock }: Pick<OpenStateOptions, 'terminal' | 'clock'>,
): Promise<OfflineStore> {
  const closers = new Closers();
  const scrubber = new Scrubber();
  const log = openLog({ level: 'error', format: 'auto' }, scrubber, terminal.stderr);
  try {
    await checkState(paths);
    const store = await openStore({ path: paths.state });
    closers.own('store', () => store.close());
    const deadLetters = await openDeadLetters({ path: paths.deadLetters, scrubber, log });
    closers.own('dead letters', () => deadLetters.close());
    const audit = openAuditLog({ state: paths.state, scrubber, clock, log }, closers);
    const inbox = new Inbox(paths.inbox, log);
    const resending = new Resending({ store, deadLetters, log, scrubber, clock, ...NO_SENDING });
    await resending.reconcile();
    return {
      daemon: {
        async drop(id) {
          const isDropped = await resending.drop(id);
          if (isDropped) await audit.record(offlineEntry(terminal, { action: 'dead.drop', target: id }));
          return isDropped;
        },
        audit: () => auditOf({ store, deadLetters, inbox }),
      },
      close: () => closers.close(),
    };
  } catch (error) {
    await closers.close();
    throw stateError(error, paths);
  }
}

/** Line of the audit log for a command while no daemon runs. */
function offlineEntry(
  terminal: Pick<Terminal, 'env'>,
  entry: Pick<AuditEntry, 'action' | 'target' | 'details'>,
  actor = userOf(terminal) ?? 'unknown',
): AuditEntry {
  return { actor, via: 'cli-offline', ...entry, result: 'done' };
}

/** Dependencies of a resend that sends nothing: records are only looked up and dropped. */
const NO_SENDING = {
  attempt: () => Promise.resolve(undefined),
  requeue: () => Promise.resolve(),
  channelType: () => undefined,
  concurrency: () => 1,
} as const;

/**
 * Does the work of a daemon that is not running: takes its lock, opens its store and dead letters, and sends through its channels.
 * Pending deliveries are left to the daemon. Rejects with `store.locked` (exit 75) if a daemon runs after all.
 */
export async function openOffline(options: OpenStateOptions): Promise<Offline> {
  // The log goes to stderr, because the command writes its result to stdout.
  const terminal = { ...options.terminal, stdout: options.terminal.stderr };
  const { closers, live, prepared, store, deadLetters, log, scrubber, tokens, audit } = await openState(
    { ...options, terminal },
    'command',
  );
  const { clock } = options;
  const common = {
    store,
    deadLetters,
    log,
    scrubber,
    clock,
    newId: () => newId(clock.now()),
    live: () => live.ruleset,
  };
  live.swap(prepared);
  const notConnected = 'the daemon is not running, so nobody is connected';
  const push = { push: () => Promise.reject(new SendFailure('transient', 'push.stopped', notConnected)) };
  const open = channelOpener({ log, store }, options, push, new WebPush(store.checkpoints), NO_WRITES);
  const outgoing = outgoingMessages({ ...common, tokens, hasButtons: hasButtons(common.live) });
  const lanes = new Lanes({ ...common, random: Math.random, raise: () => undefined, open, outgoing });
  await lanes.openForManual(prepared.ruleset.channels);
  const intake = new Intake({ ...common, onAccepted: () => undefined, observe: () => [] });
  const resending = new Resending({ ...common, ...resendingDeps({ ...common, lanes, intake }) });
  await resending.reconcile();
  return {
    daemon: {
      async *resend({ by, ...request }, signal) {
        for await (const line of resending.resend(request, RunControl.until(signal))) {
          if ('plan' in line && request.dryRun !== true) {
            const { total, channels } = line.plan;
            const details = { request, total, channels };
            await audit.record(offlineEntry(terminal, { action: 'dead.resend', details }, by));
          }
          yield line;
        }
      },
      channels: async () => channelsOf(lanes),
    },
    async close() {
      await lanes.stop(0);
      await closers.close();
    },
  };
}
