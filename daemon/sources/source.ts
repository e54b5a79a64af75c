import type { Static, TSchema } from '../core/schema/type.ts';
import type { Event, EventInput } from '../core/event/event.ts';
import type { EventShape } from '../core/event/shape.ts';
import type { Clock } from '../lib/time/clock.ts';
import type { Log } from '../lib/log.ts';

/** A fact a source wants to find again after a restart, committed in the same transaction as the event beside it. null forgets it. */
export interface Mark {
  readonly key: string;
  readonly value: string | null;
}

/** Whether an event whose id was used before is the first one again; one that is not is refused with `store.conflict`. */
export type IsSame = (first: Event, again: Event) => boolean;

export interface SourceIo {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when the source's events may come in: after the swap, when the one it replaces has stopped. Marks read before may be old. */
  readonly live: Promise<void>;
  /** Resolves when the event is durable; rejects when it was not taken (disk full, stopping). `source` is filled in. */
  emit(
    event: EventInput,
    marks?: readonly Mark[],
    isSame?: IsSame,
  ): Promise<{ readonly id: string; readonly duplicate: boolean }>;
  /** The same for several events: all of them are taken, or none. */
  emitAll(
    events: readonly EventInput[],
    marks?: readonly Mark[],
    isSame?: IsSame,
  ): Promise<readonly { readonly id: string; readonly duplicate: boolean }[]>;
  /** Marks without an event (a snapshot's first filling). Durable when it resolves. */
  mark(marks: readonly Mark[]): Promise<void>;
  /** The marks of this source as last committed. */
  marks(): Promise<ReadonlyMap<string, string>>;
  /** Says how the source is, for `status`, `/readyz` and `belfry.source.failing`; undefined is well. */
  report(trouble: string | undefined): void;
}

/** A request to a webhook source, as the HTTP listener hands it over. Header names are lower case. */
export interface HookRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** The peer's address. */
  readonly remote: string;
}

export interface HookAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** A mount below `/hooks/` or `/beats/`. The listener looks the live routes up at each request. */
export interface HookRoute {
  /** `/hooks/deploys` */
  readonly path: string;
  /** Paths below it are its own too: `/beats/backup/fail`. */
  readonly below?: true;
  readonly methods: readonly string[];
  /** The source verifies who sends; elsewhere the listener refuses what a page of another origin has a browser send. */
  readonly verifies?: true;
  /** Bytes; the listener answers 413 beyond it. */
  readonly maxBody?: number;
  handle(request: HookRequest): Promise<HookAnswer>;
}

/** What a source has seen in an event of another one. */
export interface Observation {
  /** Committed in the event's own transaction, so that what was seen is remembered if and only if the event is. */
  readonly marks: readonly Mark[];
  /** Called when it is on disk; not when the event was refused. */
  committed(): void;
}

export interface RunningSource {
  /** Stops, and resolves when nothing more will be emitted. */
  stop(): Promise<void>;
  readonly routes?: readonly HookRoute[];
  /**
   * Looks at every event that comes in, of whatever source but its own, before it is committed; `at` is when it came, in
   * milliseconds. Neither throws nor waits. Undefined when the event is none of its business.
   */
  observe?(event: Event, at: number): Observation | undefined;
  /** How it is, for `status`, in a few words of its own (`backup: late`); undefined when there is nothing to say. */
  detail?(): string | undefined;
}

/** A source type: one file. `settings` is the YAML, less `type`. */
export interface SourceType<S extends TSchema = TSchema> {
  readonly type: string;
  readonly summary: string;
  readonly settings: S;
  /** The event types it emits. */
  readonly events: readonly string[];
  /** Shapes of its events with these settings; rules that ask for other fields get a warning. Unknown if not given. */
  readonly shapes?: (settings: Static<S>) => readonly EventShape[];
  /** Names that templates in its settings may use besides the fields of an event. */
  readonly templateNames?: readonly string[];
  /** It needs nothing but time, so it runs in rule tests too. */
  readonly runsInTests?: true;
  readonly check?: (
    settings: Static<S>,
  ) => readonly { readonly pointer: string; readonly message: string; readonly mend: string }[];
  start(settings: Static<S>, io: SourceIo): Promise<RunningSource>;
}

export function defineSource<S extends TSchema>(source: SourceType<S>): SourceType {
  return source as unknown as SourceType;
}
