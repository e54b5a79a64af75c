/**
 * The contract of a source: something that turns the outside world (files, requests, time) into events.
 *
 * A source type is declared with `defineSource`. The daemon calls `start` for each source of the rules file, and again with new
 * settings when they change. The rules for an implementation:
 *
 * - Time comes from `io.clock` alone, so that tests need not sleep.
 * - Progress is saved as checkpoints in the same call as the event (`io.emit(event, checkpoints)`): both are committed in one
 *   transaction, so that a crash neither loses nor repeats an event. An event with a fixed `id` is deduplicated by that id.
 * - `emit` rejects while events cannot be stored (disk full). A source that can wait retries with `lib/async/retry.ts`; one that
 *   answers a client passes the rejection on.
 * - `start` returns quickly. At a reload it runs while the source that it replaces still works: until `io.live` resolves, emitted
 *   events wait and checkpoints may still change.
 * - A lasting fault is reported with `io.report`, once when it begins and once when it ends; it is not logged each time.
 */
import type { ExpectedEvent, SettingProblem, SourceInput } from '../core/compile/registry.ts';
import type { Event, EventInput } from '../core/event/event.ts';
import type { FileWrites } from '../core/event/file-writes.ts';
import type { EventShape } from '../core/event/shape.ts';
import type { Limit } from '../core/schema/reference/limit.ts';
import type { Static, TSchema } from '../core/schema/type.ts';
import type { SourceFacts } from './facts.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/time/clock.ts';

export type { SettingProblem, SourceFacts };

/** A source type: one file, or a folder with a file of the same name. */
export interface SourceType<S extends TSchema = TSchema> {
  /** The value of `type` in the rules file. */
  readonly type: string;
  /** One line for `belfry init` and the reference page. */
  readonly summary: string;
  /** Schema of the YAML settings without `type`; its descriptions become the reference page. */
  readonly settings: S;
  /** Limits of its inputs, for docs/reference-limits.md. */
  readonly limits?: readonly Limit[];
  /** The event types it emits. */
  readonly events: readonly string[];
  /** Fields of its events with these settings: a rule that reads other fields gets a warning. Absent if they are unknown. */
  readonly shapes?: (settings: Static<S>) => readonly EventShape[];
  /** Variables of the templates in its settings, besides the fields of an event. */
  readonly templateNames?: readonly string[];
  /** The source needs only the clock, so it also runs in rule tests. */
  readonly runsInTests?: true;
  /** Problems that the schema cannot express. */
  readonly check?: (settings: Static<S>) => readonly SettingProblem[];
  /** Parts of the machine and the network that it uses. `name` is that of the source. */
  readonly uses?: (settings: Static<S>, name: string) => SourceUses;
  /** The event that it makes of an input, by which `belfry check` finds loops; undefined if it makes none, or perhaps none. */
  readonly takes?: (settings: Static<S>, input: SourceInput) => ExpectedEvent | undefined;
  /** Name of the instance that runs it; undefined: each. Only of sources that read what is on one machine. */
  readonly instance?: (settings: Static<S>) => string | undefined;
  /** Starts the source. `settings` are valid and have their defaults; rejecting keeps the old rules in force. */
  start(settings: Static<S>, io: SourceIo): Promise<RunningSource>;
}

/** Parts of the machine and the network that a source uses, for `belfry doctor`. */
export interface SourceUses {
  /** Files and folders that it watches: the part of each glob before the first wildcard. */
  readonly watched?: readonly string[];
  /** Whether it watches a folder below `watched`. */
  readonly mayContain?: (folder: string) => boolean;
  /** Routes below `/hooks/` and `/beats/`. `verifies`: senders prove who they are. `limited`: only some networks may send. */
  readonly routes?: readonly { readonly path: string; readonly verifies: boolean; readonly limited: boolean }[];
}

export function defineSource<S extends TSchema>(source: SourceType<S>): SourceType {
  return source as unknown as SourceType;
}

/** Services of the daemon for one running source. */
export interface SourceIo {
  /** The name of the source in the rules file. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when the rules of this source are in force and the source that it replaces has stopped. */
  readonly live: Promise<void>;
  /** Resolves when the event is durable; rejects when it was not stored (disk full, stopping). The daemon sets `source`. */
  emit(event: EventInput, checkpoints?: readonly Checkpoint[], isSame?: IsSame): Promise<Emitted>;
  /** Emits several events in one transaction: either all are stored or none. */
  emitAll(
    events: readonly EventInput[],
    checkpoints?: readonly Checkpoint[],
    isSame?: IsSame,
  ): Promise<readonly Emitted[]>;
  /** Saves checkpoints without an event. Resolves when they are durable. */
  saveCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void>;
  /** Reads the checkpoints of this source as last committed, by key. */
  readCheckpoints(): Promise<ReadonlyMap<string, string>>;
  /** Sets the problem that `belfry status`, `/readyz` and the event `belfry.source.failing` show; undefined clears it. */
  report(problem: string | undefined): void;
  /** Writes of channels to files: an event about such bytes has the hops of the write. */
  readonly writes: Pick<FileWrites, 'hopsOfState' | 'hopsOfByte'>;
  /** Counts misses for the metrics. A source that can miss calls it with 0 at its start, so that the first one is an increase. */
  countMissed(kind: Miss, count: number): void;
}

/** `beat`: an expected beat did not come. `late`: a due time was handled late. `skipped`: a due time passed and is not handled. */
export type Miss = 'beat' | 'late' | 'skipped';

/** A value that is kept over restarts, such as an offset. A null value deletes the key. */
export interface Checkpoint {
  readonly key: string;
  readonly value: string | null;
}

export interface Emitted {
  readonly id: string;
  /** An event with this id was stored before, so no rule runs for this one. */
  readonly duplicate: boolean;
}

/** Compares an event with an earlier one of the same id. If they differ, `emit` rejects with `store.conflict`. */
export type IsSame = (first: Event, again: Event) => boolean;

/** A source that has been started. */
export interface RunningSource {
  /** Stops the source. Resolves when it will emit nothing more. */
  stop(): Promise<void>;
  /** HTTP routes that the source serves. */
  readonly routes?: readonly HookRoute[];
  /**
   * Inspects each event of the other sources before it is committed; `at` is its arrival in milliseconds. Must not throw or wait.
   * Returns undefined when the event does not concern this source.
   */
  observe?(event: Event, at: number): Observation | undefined;
  /** A short state for `belfry status`, such as `backup: late`. */
  detail?(): string | undefined;
  /** Facts about itself, for `GET /v1/sources`. */
  facts?(): SourceFacts;
}

/** The result of inspecting an event of another source. */
export interface Observation {
  /** Committed in the transaction of the event, so they are stored if and only if the event is. */
  readonly checkpoints: readonly Checkpoint[];
  /** Called after the commit; not called when the event was refused. */
  committed(): void;
}

/** A route below `/hooks/` or `/beats/`. The HTTP server looks up the live routes at each request. */
export interface HookRoute {
  /** Absolute path, such as `/hooks/deploys`. */
  readonly path: string;
  /** Also serves the paths below it, such as `/beats/backup/fail`. */
  readonly subpaths?: true;
  readonly methods: readonly string[];
  /** The source authenticates requests itself; without it the server refuses requests from web pages of another origin. */
  readonly verifies?: true;
  /** Bytes; the server answers 413 to longer bodies. */
  readonly maxBody?: number;
  /** The server records in it the requests that it refuses before the source gets them. */
  readonly log?: RefusalLog;
  handle(request: HookRequest): Promise<HookAnswer>;
}

/** Record of the requests that a source did not get. */
export interface RefusalLog {
  refused(request: Pick<HookRequest, 'remote'>, status: number, reason: string): void;
}

/** A request as the HTTP server passes it on. Header names are in lower case. */
export interface HookRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** IP address of the client. */
  readonly remote: string;
}

export interface HookAnswer {
  readonly status: number;
  /** Code of a refusal; the server counts those of limits. */
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent unchanged, anything else as JSON. */
  readonly body?: unknown;
  /** The request had a wrong token or password: the HTTP server limits how many an address may try. */
  readonly isGuess?: true;
}
