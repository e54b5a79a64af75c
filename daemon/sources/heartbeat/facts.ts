import { formatDuration } from '../../lib/time/duration.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { BeatFact, BeatFacts, BeatState, PingRecord } from '../facts.ts';
import type { Ping } from './events.ts';
import type { Heartbeat } from './state.ts';

/** Heartbeats of the list, and pings of the log. */
const MAX_LISTED = 500;
const MAX_LOGGED = 50;

/** The last pings of a source, the newest first. */
export class PingLog {
  readonly #pings: PingRecord[] = [];

  add(key: string, { kind, at, exitCode }: Omit<Ping, 'output'>, by: PingRecord['by']): void {
    this.#pings.unshift({
      at: rfc3339(at),
      kind,
      ...(key !== '' && { key }),
      ...(exitCode !== undefined && { exit_code: exitCode }),
      by,
    });
    if (this.#pings.length > MAX_LOGGED) this.#pings.pop();
  }

  get pings(): readonly PingRecord[] {
    return [...this.#pings];
  }
}

export interface BeatSettings {
  readonly every?: number | undefined;
  readonly cron?: string | undefined;
  /** Time zone of `cron`. */
  readonly zone: string;
  readonly grace?: number | undefined;
}

/** Facts of the heartbeats of a source, the worst first. */
export function beatFacts(
  { every, cron, zone, grace }: BeatSettings,
  heartbeats: ReadonlyMap<string, Heartbeat>,
  now: number,
): Omit<BeatFacts, 'log'> {
  const counts = { new: 0, up: 0, late: 0, down: 0 };
  const listed = [...heartbeats].map(([key, heartbeat]) => {
    const state = heartbeat.status(now);
    counts[state] += 1;
    return { key, heartbeat, state };
  });
  listed.sort((a, b) => WORST_FIRST[a.state] - WORST_FIRST[b.state] || (a.key < b.key ? -1 : 1));
  return {
    when: every === undefined ? cron! : formatDuration(every),
    ...(every === undefined && { timezone: zone }),
    ...(grace !== undefined && { grace: formatDuration(grace) || '0s' }),
    counts,
    list: listed.slice(0, MAX_LISTED).map(({ key, heartbeat, state }) => factOf(key, heartbeat, state)),
  };
}

const WORST_FIRST: Readonly<Record<BeatState, number>> = { down: 0, late: 1, new: 2, up: 3 };

function factOf(key: string, heartbeat: Heartbeat, state: BeatState): BeatFact {
  const { record, expected, running, since } = heartbeat;
  return {
    ...(key !== '' && { key }),
    state,
    ...(record.beat !== null && { last_beat_at: rfc3339(record.beat) }),
    since: rfc3339(since),
    ...(expected !== undefined && { due_at: rfc3339(expected.due), deadline_at: rfc3339(expected.deadline) }),
    ...(running !== undefined && { running_since: rfc3339(running) }),
    ...(record.down !== null && { down_since: rfc3339(record.down.at), cause: record.down.cause }),
  };
}
