import { execFile } from 'node:child_process';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/time/clock.ts';

/**
 * Reports the state of the daemon to systemd (sd_notify(3)). Node has no Unix datagram sockets, so `systemd-notify` sends the
 * messages, and the unit needs `NotifyAccess=all`. Outside systemd every call does nothing.
 */
export interface ServiceNotice {
  ready(status: string): void;
  /** One line that `systemctl status` shows. */
  status(text: string): void;
  /** Start of a reload that systemd or an operator asked for by SIGHUP; `ready` ends it. */
  reloading(): void;
  stopping(): void;
  /** The daemon works: feeds the watchdog of systemd, three times in each of its timeouts at most. */
  working(): void;
  /** Time after which systemd kills a process that does not feed the watchdog, milliseconds; absent if it does not. */
  readonly watchdogMs?: number;
  /** Feeds the watchdog no more. Resolves when every message was sent. */
  close(): Promise<void>;
}

export interface ServiceNoticeDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** Times that the watchdog is fed within its timeout. */
const FEEDS = 3;

const NO_NOTICE: ServiceNotice = {
  ready() {},
  status() {},
  reloading() {},
  stopping() {},
  working() {},
  close: () => Promise.resolve(),
};

export function openServiceNotice({ env, pid, log, clock }: ServiceNoticeDeps): ServiceNotice {
  if (!env.NOTIFY_SOCKET) return NO_NOTICE;
  // One message after another: systemd must not get READY=1 before the RELOADING=1 that it ends.
  let last = Promise.resolve();
  const notify = (...variants: readonly (readonly string[])[]): void => {
    last = last.then(async () => {
      const error = await firstSent(pid, variants);
      if (error) log.warn({ error: error.message }, 'systemd-notify failed; is NotifyAccess=all set in the unit?');
    });
  };
  const timeoutMs = watchdogTimeout(env, pid);
  let feedAt = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonic();
  return {
    ...(timeoutMs !== undefined && { watchdogMs: timeoutMs }),
    ready: (status) => notify(['--ready', `--status=${status}`]),
    status: (status) => notify([`--status=${status}`]),
    // The option adds the time that `Type=notify-reload` needs. It exists since that type does, systemd 253.
    reloading: () => notify(['--reloading'], ['RELOADING=1']),
    stopping: () => notify(['STOPPING=1']),
    working() {
      if (timeoutMs === undefined || clock.monotonic() < feedAt) return;
      feedAt = clock.monotonic() + timeoutMs / FEEDS;
      notify(['WATCHDOG=1']);
    },
    async close() {
      feedAt = Number.POSITIVE_INFINITY;
      await last;
    },
  };
}

/** Sends the first of these messages that `systemd-notify` accepts; resolves to the error of the last one if none was sent. */
async function firstSent(pid: number, variants: readonly (readonly string[])[]): Promise<Error | undefined> {
  let failure: Error | undefined;
  for (const args of variants) {
    failure = await new Promise<Error | undefined>((resolve) => {
      execFile('systemd-notify', [`--pid=${pid}`, ...args], (error) => resolve(error ?? undefined));
    });
    if (failure === undefined) return undefined;
  }
  return failure;
}

/** Time in milliseconds after which systemd kills this process if it does not feed the watchdog (sd_watchdog_enabled(3)). */
function watchdogTimeout({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceNoticeDeps['env'], pid: number): number | undefined {
  if (WATCHDOG_PID && Number(WATCHDOG_PID) !== pid) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 1000 : undefined;
}
