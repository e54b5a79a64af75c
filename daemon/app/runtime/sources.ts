import type { Event, EventInput } from '../../core/event/event.ts';
import type { FileWrites } from '../../core/event/file-writes.ts';
import type { SourceConfig } from '../../core/ruleset.ts';
import type { SourceView, StatusView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Faults } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import type { HookRoute, IsSame, Checkpoint, Miss, RunningSource, SourceIo, SourceType } from '../../sources/source.ts';
import type { Store } from '../../store/store.ts';
import type { Intake, SourceObservation } from './intake.ts';

export interface RunningSourcesDeps {
  /** Name of this instance. Sources of another one are not started. */
  readonly instance: string;
  /** Whether other instances use the store. */
  readonly isShared: boolean;
  readonly types: readonly SourceType[];
  readonly intake: Intake;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly writes: FileWrites;
  /** Called when a source begins to fail, fails for another reason, or works again (undefined). */
  readonly onStatusChange: (name: string, type: string, fault: string | undefined) => void;
  /** Called when a source has missed something. */
  readonly onMissed: (name: string, kind: Miss, count: number) => void;
}

const NO_OBSERVATIONS: readonly SourceObservation[] = [];

interface Running {
  readonly config: SourceConfig;
  readonly source: RunningSource;
  /** Lets events of the source pass; until then they wait. */
  readonly openGate: () => void;
  fault: string | undefined;
}

/** Prepared change of the sources: the new ones run, and their events wait at a gate. */
export interface PreparedSources {
  /** To be called after the swap: stops removed sources, then opens the gates of the new ones. */
  commit(): Promise<void>;
}

/**
 * Running sources of the live ruleset. A reload starts new sources before the swap, because a start can fail. Their events wait
 * until after the swap, because the new rules decide them. Unchanged sources are not touched.
 */
export class RunningSources {
  readonly #deps: RunningSourcesDeps;
  #running: ReadonlyMap<string, Running> = new Map();
  /** Running sources that observe events of other sources. */
  #observing: readonly Running[] = [];

  constructor(deps: RunningSourcesDeps) {
    this.#deps = deps;
  }

  /** Starts new and edited sources. If one does not start, stops the others that were started, and rejects. */
  async prepare(wanted: ReadonlyMap<string, SourceConfig>): Promise<PreparedSources> {
    const before = this.#running;
    const next = new Map<string, Running>();
    const started: Running[] = [];
    try {
      for (const [name, config] of wanted) {
        if (!this.#isOwn(config)) continue;
        const present = before.get(name);
        const running = present?.config.fingerprint === config.fingerprint ? present : await this.#start(config);
        if (running !== present) started.push(running);
        next.set(name, running);
      }
    } catch (error) {
      await Promise.allSettled(started.map(({ source }) => source.stop()));
      throw error;
    }
    const commit = async (): Promise<void> => {
      this.#setRunning(next);
      const gone = [...before.values()].filter((running) => next.get(running.config.name) !== running);
      // A source that replaces an observing one reads its checkpoints, which are committed with the observed events.
      if (gone.some(isObserving)) await this.#deps.intake.settled();
      await Promise.allSettled(gone.map(({ source }) => source.stop()));
      for (const { openGate } of started) openGate();
    };
    return { commit };
  }

  route(path: string): HookRoute | undefined {
    for (const { source } of this.#running.values()) {
      const route = source.routes?.find((candidate) => handles(candidate, path));
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** Shows an event to the other sources. An event that is decided anew is not shown again. */
  observe(event: Event, at: number): readonly SourceObservation[] {
    if (this.#observing.length === 0 || event.requeued !== undefined) return NO_OBSERVATIONS;
    let observations: SourceObservation[] | undefined;
    for (const { config, source } of this.#observing) {
      if (config.name === event.source) continue;
      const observation = source.observe?.(event, at);
      if (observation !== undefined) (observations ??= []).push({ scope: this.#scopeOf(config), observation });
    }
    return observations ?? NO_OBSERVATIONS;
  }

  status(): StatusView['sources'] {
    return [...this.#running.values()].map(statusOf);
  }

  /** Status of the sources with what they know about themselves. */
  views(): readonly SourceView[] {
    return [...this.#running.values()].map((running) => ({ ...statusOf(running), ...running.source.facts?.() }));
  }

  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    this.#setRunning(new Map());
    await Promise.allSettled(all.map(({ source }) => source.stop()));
  }

  #setRunning(running: ReadonlyMap<string, Running>): void {
    this.#running = running;
    this.#observing = [...running.values()].filter(isObserving);
  }

  #isOwn({ name, instance }: SourceConfig): boolean {
    const { instance: own, log } = this.#deps;
    const isOwn = instance === undefined || instance === own;
    if (!isOwn) log.info({ source: name }, `the source runs at the instance ${instance}; this is ${own}`);
    return isOwn;
  }

  /** Scope of the checkpoints. In a shared store, those of a source that reads what is on one machine are of one instance. */
  #scopeOf(config: SourceConfig): string {
    const { instance, isShared } = this.#deps;
    const isLocal = isShared && this.#typeOf(config).instance !== undefined;
    return isLocal ? `source:${config.name}@${instance}` : `source:${config.name}`;
  }

  #typeOf({ type }: SourceConfig): SourceType {
    return this.#deps.types.find((candidate) => candidate.type === type)!;
  }

  async #start(config: SourceConfig): Promise<Running> {
    const type = this.#typeOf(config);
    let openGate!: () => void;
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    const running: { -readonly [K in keyof Running]?: Running[K] } = { config, openGate, fault: undefined };
    running.source = await type.start(
      config.settings,
      this.#io(config, gate, (fault) => {
        running.fault = fault;
      }),
    );
    return running as Running;
  }

  #io(config: SourceConfig, gate: Promise<void>, onFault: (fault: string | undefined) => void): SourceIo {
    const { intake, store, clock, log, writes, onStatusChange, onMissed } = this.#deps;
    const scope = this.#scopeOf(config);
    const faults = new Faults<'source'>((fault) => {
      onFault(fault);
      onStatusChange(config.name, config.type, fault);
    });
    const emitAll = async (events: readonly EventInput[], checkpoints?: readonly Checkpoint[], isSame?: IsSame) => {
      await gate;
      const options = {
        source: config.name,
        ...(checkpoints && { checkpoints: [{ scope, entries: checkpoints }] }),
        isSame,
      };
      return intake.accept(events, options);
    };
    return {
      name: config.name,
      clock,
      log: log.child({ source: config.name }),
      live: gate,
      emitAll,
      async emit(event: EventInput, checkpoints?: readonly Checkpoint[], isSame?: IsSame) {
        const [accepted] = await emitAll([event], checkpoints, isSame);
        return accepted!;
      },
      saveCheckpoints: (checkpoints) => store.checkpoints.write(scope, checkpoints),
      readCheckpoints: () => store.checkpoints.read(scope),
      report: (fault) => faults.set('source', fault),
      writes,
      countMissed: (kind, count) => onMissed(config.name, kind, count),
    };
  }
}

function statusOf({ config, source, fault }: Running): StatusView['sources'][number] {
  const detail = source.detail?.();
  return {
    name: config.name,
    type: config.type,
    state: fault === undefined ? 'running' : 'failing',
    ...(fault !== undefined && { reason: fault }),
    ...(detail !== undefined && { detail }),
  };
}

function isObserving({ source }: Running): boolean {
  return source.observe !== undefined;
}

function handles(route: HookRoute, path: string): boolean {
  return path === route.path || (route.subpaths === true && path.startsWith(`${route.path}/`));
}
