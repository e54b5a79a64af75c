import { execFile } from 'node:child_process';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/time/clock.ts';

/**
 * Reports the state of the daemon to systemd (sd_notify(3)). Node has no Unix datagram sockets, so `systemd-notify` sends the
 * messages, and the unit needs `NotifyAccess=all`. Outside systemd every call does nothing.
 */
export interface ServiceNotice {
  ready(status: string): void;
  stopping(): void;
  /** Stops the watchdog timer. */
  close(): void;
}

export interface ServiceNoticeDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly log: Log;
  readonly clock: Clock;
}

export function openServiceNotice({ env, pid, log, clock }: ServiceNoticeDeps): ServiceNotice {
  if (!env.NOTIFY_SOCKET) return { ready() {}, stopping() {}, close() {} };
  const notify = (...args: string[]): void => {
    execFile('systemd-notify', [`--pid=${pid}`, ...args], (error) => {
      if (error) log.warn({ error: error.message }, 'systemd-notify failed; is NotifyAccess=all set in the unit?');
    });
  };
  const intervalMs = watchdogInterval(env);
  let cancel = (): void => {};
  const feedWatchdog = (): void => {
    if (intervalMs === undefined) return;
    cancel = clock.after(intervalMs, () => {
      notify('WATCHDOG=1');
      feedWatchdog();
    });
  };
  feedWatchdog();
  return {
    ready: (status) => notify('--ready', `--status=${status}`),
    stopping: () => notify('STOPPING=1'),
    close: () => cancel(),
  };
}

/** Half of the watchdog timeout of systemd, in milliseconds (sd_watchdog_enabled(3)). */
function watchdogInterval(env: ServiceNoticeDeps['env']): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 2000 : undefined;
}
