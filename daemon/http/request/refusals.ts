import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';

/**
 * Limits of requests and connections, each with the codes by which its refusals are counted; those without a code are counted where they
 * are refused. docs/reference-limits.md explains them.
 */
const CODES = {
  connections: [],
  socket_connections: [],
  address_connections: ['connections.address'],
  header_bytes: ['header.too_large'],
  header_count: ['header.too_many'],
  header_time: [],
  request_time: [],
  chunk_extension: ['body.chunk_extension'],
  body: ['body.too_large'],
  json_depth: ['body.too_deep', 'events.too_deep'],
  json_values: ['body.too_many_values', 'events.too_many_values'],
  json_key: ['body.long_key', 'events.long_key'],
  batch: ['events.too_many', 'hook.too_many_events'],
  repeated_data: ['hook.too_much_repeated'],
  event_rate: ['intake.rate'],
  token_rate: ['auth.rate'],
  source_rate: ['hook.rate'],
  queue: ['intake.queue_full'],
  heartbeat_keys: ['beat.too_many_keys'],
  button_rate: ['button.limited'],
  login_rate: ['auth.limited'],
  unsaved_threads: ['rules.busy'],
  unsaved_time: ['rules.too_slow'],
  unsaved_memory: ['rules.too_large'],
  backtests: ['backtest.running'],
  rerun_events: ['rerun.too_many'],
  jobs: ['jobs.too_many'],
  silences: ['silence.too_many', 'button.too_many'],
  user_connections: ['stream.too_many'],
  feeds: ['feed.too_many'],
  frame_bytes: [],
  frame_fragments: [],
  unread_bytes: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Value of the label `limit` of `belfry_refused_total`. */
export type RefusedLimit = keyof typeof CODES;

export const REFUSED_LIMITS = Object.keys(CODES) as readonly RefusedLimit[];

const BY_CODE: ReadonlyMap<string, RefusedLimit> = new Map(
  REFUSED_LIMITS.flatMap((limit) => CODES[limit].map((code) => [code, limit] as const)),
);

/** Interval at which refusals by the same limit are logged. */
const LOG_INTERVAL_MS = 60_000;

export interface RefusalsDeps {
  readonly metrics: { refused(limit: RefusedLimit): void };
  readonly log: Log;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Counts what limits refuse, and logs it once per limit and interval. */
export class Refusals {
  readonly #deps: RefusalsDeps;
  readonly #logged = new Map<RefusedLimit, { at: number; since: number }>();

  constructor(deps: RefusalsDeps) {
    this.#deps = deps;
  }

  /** Counts a refusal by the code of its answer; the codes of other errors are ignored. */
  byCode(code: string | undefined, remote: string | undefined): void {
    const limit = code === undefined ? undefined : BY_CODE.get(code);
    if (limit !== undefined) this.count(limit, remote);
  }

  /** `remote` is the IP address of the client, undefined on the Unix socket. */
  count(limit: RefusedLimit, remote: string | undefined): void {
    const { metrics, log, clock } = this.#deps;
    metrics.refused(limit);
    const now = clock.monotonic();
    const last = this.#logged.get(limit);
    if (last !== undefined && now - last.at < LOG_INTERVAL_MS) {
      last.since += 1;
      return;
    }
    const more = last?.since ?? 0;
    this.#logged.set(limit, { at: now, since: 0 });
    log.warn(
      { limit, ...(remote !== undefined && { remote }), ...(more > 0 && { more }) },
      'http: a limit refused a client; docs/reference-limits.md explains it',
    );
  }
}
