import { SendFailure } from '../../core/problems/failure.ts';
import { Lanes } from '../../delivery/lanes.ts';
import { Resending } from '../../delivery/manual/resend.ts';
import type { DaemonApi } from '../../http/daemon-api.ts';
import { newId } from '../../lib/id.ts';
import { auditOf, channelsOf, deadLines } from '../api/daemon-api.ts';
import { channelOpener, type OpenStateOptions, openState } from './open-state.ts';
import { Intake } from '../runtime/intake.ts';
import { resendingDeps } from '../runtime/runtime.ts';

/** Access to the state directory while no daemon runs. */
export interface Offline {
  readonly daemon: Pick<DaemonApi, 'dead' | 'resend' | 'drop' | 'audit' | 'channels'>;
  close(): Promise<void>;
}

/**
 * Does the work of a daemon that is not running: takes its lock, opens its store and dead letters, and sends through its channels.
 * Pending deliveries are left to the daemon. Rejects with `store.locked` (exit 75) if a daemon runs after all.
 */
export async function openOffline(options: OpenStateOptions): Promise<Offline> {
  // The log goes to stderr, because the command writes its result to stdout.
  const terminal = { ...options.terminal, stdout: options.terminal.stderr };
  const { closers, live, prepared, store, deadLetters, inbox, log, scrubber } = await openState(
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
  const open = channelOpener({ log }, options, push);
  const lanes = new Lanes({ ...common, random: Math.random, raise: () => undefined, open });
  await lanes.openForManual(prepared.ruleset.channels);
  const intake = new Intake({ ...common, onAccepted: () => undefined, observe: () => [] });
  const resending = new Resending({ ...common, ...resendingDeps({ ...common, lanes, intake }) });
  await resending.reconcile();
  return {
    daemon: {
      dead: () => deadLines(deadLetters),
      resend: (request, signal) => resending.resend(request, signal),
      drop: (id) => resending.drop(id),
      audit: () => auditOf({ store, deadLetters, inbox }),
      channels: async () => channelsOf(lanes),
    },
    async close() {
      await lanes.stop(0);
      await closers.close();
    },
  };
}
