import { NO_WRITES } from '../../daemon/core/event/file-writes.ts';
import { pino } from 'pino';
import type { Event, EventInput } from '../../daemon/core/event/event.ts';
import { BelfryError } from '../../daemon/core/problems/failure.ts';
import type { IsSame, Checkpoint, SourceIo, SourceType } from '../../daemon/sources/source.ts';
import type { Clock } from '../../daemon/lib/time/clock.ts';
import { readTypeSettings } from './type-settings.ts';

/** A `SourceIo` in memory that records the calls of the source. */
export interface RecordedIo extends SourceIo {
  /** The stored events, without duplicates. */
  readonly events: EventInput[];
  /** The stored checkpoints; pass them to the next io for a restart. */
  readonly stored: Map<string, string>;
  readonly reports: (string | undefined)[];
  /** Number of misses by kind. */
  readonly missed: Map<string, number>;
  /** Number of calls of `emit` and `emitAll`. */
  readonly tries: number;
  /** Resolves when that many events are stored. */
  arrived(count: number): Promise<void>;
  /** Makes the next calls of `emit` and `emitAll` reject with these errors, in order. */
  refuse(...errors: readonly Error[]): void;
}

export interface RecordedIoOptions {
  readonly clock: Clock;
  readonly name?: string;
  readonly stored?: Map<string, string>;
  readonly events?: EventInput[];
}

/** Keeps events and checkpoints in memory. An event with a known id is a duplicate, but its checkpoints are saved. */
export function recordedIo({ clock, name = 'test', stored = new Map(), events = [] }: RecordedIoOptions): RecordedIo {
  const refusals: Error[] = [];
  const reports: (string | undefined)[] = [];
  const missed = new Map<string, number>();
  const waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  let tries = 0;
  const write = (checkpoints: readonly Checkpoint[]): void => {
    for (const { key, value } of checkpoints) {
      if (value === null) stored.delete(key);
      else stored.set(key, value);
    }
  };
  const take = (event: EventInput, isSame: IsSame): { id: string; duplicate: boolean } => {
    const id = event.id ?? `made-${events.length + 1}`;
    const before = events.find((taken) => taken.id === id);
    const duplicate = before !== undefined;
    if (duplicate && !isSame(asStored(before), { ...event, id } as Event))
      throw new BelfryError('store.conflict', 'this id came with another body before');
    if (!duplicate) events.push({ ...event, id });
    return { id, duplicate };
  };
  const emitAll: RecordedIo['emitAll'] = async (all, checkpoints = [], isSame = () => true) => {
    tries += 1;
    const refusal = refusals.shift();
    if (refusal !== undefined) throw refusal;
    const accepted = all.map((event) => take(event, isSame));
    for (const waiter of waiters) if (events.length >= waiter.count) waiter.resolve();
    write(checkpoints);
    return accepted;
  };
  return {
    name,
    clock,
    log: pino({ level: 'silent' }),
    events,
    stored,
    reports,
    get tries() {
      return tries;
    },
    arrived: (count) =>
      events.length >= count ? Promise.resolve() : new Promise((resolve) => waiters.push({ count, resolve })),
    refuse: (...errors) => void refusals.push(...errors),
    emitAll,
    emit: async (event, checkpoints, isSame) => (await emitAll([event], checkpoints, isSame))[0]!,
    async saveCheckpoints(checkpoints) {
      write(checkpoints);
    },
    live: Promise.resolve(),
    readCheckpoints: async () => new Map(stored),
    report: (trouble) => void reports.push(trouble),
    missed,
    writes: NO_WRITES,
    countMissed: (kind, count) => void missed.set(kind, (missed.get(kind) ?? 0) + count),
  };
}

/** The event after a round trip to the disk. */
const asStored = (event: EventInput): Event => JSON.parse(JSON.stringify(event)) as Event;

/** Decodes settings of a source and returns all problems of validation, decoding and the type's `check`, each as `/pointer: message`. */
export const readSourceSettings = (type: SourceType, written: unknown) =>
  readTypeSettings(type, `a source of type \`${type.type}\``, written);

/** Decodes valid settings of a source, as its `start` gets them. Throws their problems. */
export function sourceSettings(type: SourceType, written: unknown): unknown {
  const { settings, problems } = readSourceSettings(type, written);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return settings;
}
