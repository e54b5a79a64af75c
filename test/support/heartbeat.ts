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

/** A clock whose wall can be set without time passing, and which can go on while the process stands still. */
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
    // The timers of a machine do not follow its wall clock.
    const [wall, stalled] = [this.#wall, this.#stalled];
    [this.#wall, this.#stalled] = [0, 0];
    const cancel = super.after(ms, fire);
    [this.#wall, this.#stalled] = [wall, stalled];
    return cancel;
  }

  /** Somebody sets the wall clock, or the machine sleeps: time passes that no timer counts. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** The process is stopped for a while; its timers fire when it goes on. */
  stall(ms: number): void {
    this.#stalled += ms;
  }
}

export interface Sent {
  readonly query?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Heart {
  readonly io: RecordedIo;
  readonly clock: VirtualClock;
  readonly source: RunningSource;
  /** A request to the URL: `beat('/fail', { body: 'no space' })`. */
  readonly beat: (ending?: string, sent?: Sent) => Promise<HookAnswer>;
  /** An event of another source comes in; `isStored` false: and is refused. */
  readonly pass: (event: Partial<Event>, isStored?: boolean) => boolean;
}

/** A heartbeat named `backup` that has begun, stopped when the test ends. */
export async function startHeart(written: unknown, io: RecordedIo = recordedHeart()): Promise<Heart> {
  const clock = io.clock as VirtualClock;
  const source = await heartbeat.start(sourceSettings(heartbeat, written), io);
  onTestFinished(() => source.stop());
  await clock.advance(0);
  const [route] = source.routes!;
  return {
    io,
    clock,
    source,
    beat: (ending = '', { query = '', body = '', headers = {} } = {}) =>
      route!.handle({
        method: 'POST',
        path: `${route!.path}${ending}`,
        query: new URLSearchParams(query),
        headers,
        body: Buffer.from(body),
        remote: '192.0.2.7',
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

export function recordedHeart(parts: Partial<Parameters<typeof recordedIo>[0]> = {}): RecordedIo {
  return recordedIo({ clock: new VirtualClock('2026-11-23T09:00:00Z'), name: 'backup', ...parts });
}

/** The same daemon after it was stopped or killed: what it had stored, and events go on in one list. */
export function restarted({ clock, stored, events }: RecordedIo): RecordedIo {
  return recordedHeart({ clock, stored: new Map(stored), events });
}

/** `09:10:00 missed db1`, of each event by the moment it is about. */
export function told({ events }: RecordedIo): readonly string[] {
  return events.map(({ id, type, subject }) => {
    const moment = /T(\d\d:\d\d:\d\d)/.exec(id!)?.[1];
    return `${moment} ${type.slice('heartbeat.'.length)}${subject === 'backup' ? '' : ` ${subject}`}`;
  });
}
