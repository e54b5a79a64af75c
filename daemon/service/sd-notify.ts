import { execFile } from 'node:child_process';
import type { Log } from '../lib/log.ts';

/**
 * Tells systemd how the daemon is (sd_notify(3)). Node has no Unix datagram sockets, so `systemd-notify` speaks for it; the
 * unit therefore needs `NotifyAccess=all`. Outside systemd every call does nothing.
 */
export interface ServiceNotice {
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** Stops the watchdog's timer. */
  close(): void;
}

export function openServiceNotice(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
  log: Log,
): ServiceNotice {
  if (!env.NOTIFY_SOCKET) return { ready() {}, reloading() {}, stopping() {}, close() {} };
  const tell = (...words: string[]): void => {
    execFile('systemd-notify', [`--pid=${pid}`, ...words], (error) => {
      if (error) log.warn({ error: error.message }, 'systemd-notify failed; is NotifyAccess=all set in the unit?');
    });
  };
  const watchdog = watchdogInterval(env);
  const timer = watchdog === undefined ? undefined : setInterval(() => tell('WATCHDOG=1'), watchdog);
  timer?.unref();
  return {
    ready: (status) => tell('--ready', `--status=${status}`),
    reloading: () => tell('RELOADING=1'),
    stopping: () => tell('STOPPING=1'),
    close: () => clearInterval(timer),
  };
}

/** Half of what systemd grants, in milliseconds (sd_watchdog_enabled(3)). */
function watchdogInterval(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 2000 : undefined;
}
