import { onTestFinished } from 'vitest';
import type { Event } from '../../daemon/core/event/event.ts';
import { heartbeat } from '../../daemon/sources/heartbeat/heartbeat.ts';
import type { HookAnswer, RunningSource } from '../../daemon/sources/source.ts';
import { type RecordedIo, recordedIo, sourceSettings } from './source-io.ts';
import { VirtualClock } from './virtual-clock.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A clock whose wall time can be set without time passing, and which can advance while the process is stopped. */
export class UnsteadyClock extends VirtualClock {
  #wall = 0;
  #stalled = 0;

  override now(): number {
    return super.now() + this.#wall + this.#stalled;
  }

  override monotonic(): number {
    return super.monotonic() + this.#stalled;
  }

  override after(ms: number, fire: () => void): () => void {
    // Timers do not follow the wall clock.
    const [wall, stalled] = [this.#wall, this.#stalled];
    [this.#wall, this.#stalled] = [0, 0];
    const cancel = super.after(ms, fire);
    [this.#wall, this.#stalled] = [wall, stalled];
    return cancel;
  }

  /** Sets the wall clock, or suspends the machine: no timer counts this time. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Stops the process for a time; its timers fire when it continues. */
  stall(ms: number): void {
    this.#stalled += ms;
  }
}

export interface Sent {
  readonly query?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remote?: string;
}

export interface RunningHeartbeat {
  readonly io: RecordedIo;
  readonly clock: VirtualClock;
  readonly source: RunningSource;
  /** A request to the URL: `beat('/fail', { body: 'no space' })`. */
  readonly beat: (ending?: string, sent?: Sent) => Promise<HookAnswer>;
  /** Sends an event of another source; with `isStored` false it is refused. Returns whether it counted as a beat. */
  readonly pass: (event: Partial<Event>, isStored?: boolean) => boolean;
}

/** Starts a heartbeat named `backup`, which is stopped when the test ends. */
export async function startHeartbeat(written: unknown, io: RecordedIo = heartbeatIo()): Promise<RunningHeartbeat> {
  const clock = io.clock as VirtualClock;
  const source = await heartbeat.start(sourceSettings(heartbeat, written), io);
  onTestFinished(() => source.stop());
  await clock.advance(0);
  const [route] = source.routes!;
  return {
    io,
    clock,
    source,
    beat: (ending = '', { query = '', body = '', headers = {}, remote = '192.0.2.7' } = {}) =>
      route!.handle({
        method: 'POST',
        path: `${route!.path}${ending}`,
        query: new URLSearchParams(query),
        headers,
        body: Buffer.from(body),
        remote,
      }),
    pass(event, isStored = true) {
      const whole = { id: 'e', source: 'api', type: 'backup.done', time: '', data: null, ...event };
      const observation = source.observe?.(whole, clock.now());
      if (observation === undefined || !isStored) return false;
      for (const { key, value } of observation.checkpoints) {
        if (value === null) io.stored.delete(key);
        else io.stored.set(key, value);
      }
      observation.committed();
      return true;
    },
  };
}

export function heartbeatIo(parts: Partial<Parameters<typeof recordedIo>[0]> = {}): RecordedIo {
  return recordedIo({ clock: new VirtualClock('2026-11-23T09:00:00Z'), name: 'backup', ...parts });
}

/** The io of the next start after a stop or kill: the stored checkpoints, and the same list of events. */
export function restarted({ clock, stored, events }: RecordedIo): RecordedIo {
  return heartbeatIo({ clock, stored: new Map(stored), events });
}

/** Each event as `09:10:00 missed db1`, with the time that it is about. */
export function emitted({ events }: RecordedIo): readonly string[] {
  return events.map(({ id, type, subject }) => {
    const time = /T(\d\d:\d\d:\d\d)/.exec(id!)?.[1];
    return `${time} ${type.slice('heartbeat.'.length)}${subject === 'backup' ? '' : ` ${subject}`}`;
  });
}
