import { Lanes } from '../delivery/lanes.ts';
import { Resending } from '../delivery/manual/resend.ts';
import { SendFailure } from '../core/problems/failure.ts';
import type { DaemonApi } from '../http/daemon-api.ts';
import { systemClock } from '../lib/time/clock.ts';
import { newId } from '../lib/id.ts';
import { channelOpener, type FoundationOptions, openFoundation } from './open-state.ts';
import { Intake } from './runtime/intake.ts';
import { auditOf, channelsOf, deadLines } from './api/daemon-api.ts';
import { resendingDeps } from './runtime/runtime.ts';

/** What may be asked of the state directory while no daemon runs. */
export interface Stopped {
  readonly daemon: Pick<DaemonApi, 'dead' | 'resend' | 'drop' | 'audit' | 'channels'>;
  close(): Promise<void>;
}

/**
 * Stands in for a daemon that is not running: takes its lock, opens its store and dead letters, and sends by its channels,
 * which claim nothing that is owed. Rejects with `store.locked` (exit 75) when there is a daemon after all.
 */
export async function openStopped(given: Omit<FoundationOptions, 'clock'>): Promise<Stopped> {
  const options = { ...given, clock: systemClock };
  const quiet = { ...options, terminal: { ...options.terminal, stdout: options.terminal.stderr } };
  const foundation = await openFoundation(quiet, 'error');
  const { closers, live, prepared, store, deadLetters, log, scrubber } = foundation;
  const ids = (): string => newId(systemClock.now());
  live.swap(prepared);
  const nobody = {
    push: () =>
      Promise.reject(new SendFailure('transient', 'push.stopped', 'the daemon is not running, so nobody is connected')),
  };
  const open = channelOpener({ log }, options, nobody);
  const intake = new Intake({
    live: () => live.ruleset,
    store,
    clock: systemClock,
    newId: ids,
    taken: () => {},
    observe: () => [],
  });
  const lanes = new Lanes({
    store,
    deadLetters,
    clock: systemClock,
    random: Math.random,
    newId: ids,
    log,
    scrubber,
    raise: () => {},
    open,
  });
  await lanes.openForManual(prepared.ruleset.channels);
  const resending = new Resending({
    deadLetters,
    store,
    clock: systemClock,
    log,
    scrubber,
    ...resendingDeps({ lanes, intake, live }),
  });
  await resending.reconcile();
  return {
    daemon: {
      dead: () => deadLines(deadLetters),
      resend: (request, signal) => resending.resend(request, signal),
      drop: (id) => resending.drop(id),
      audit: () => auditOf(foundation),
      channels: async () => channelsOf(lanes),
    },
    async close() {
      await lanes.stop(0);
      await closers.close();
    },
  };
}
