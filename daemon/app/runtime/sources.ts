import type { Event, EventInput } from '../../core/event/event.ts';
import type { SourceConfig } from '../../core/ruleset.ts';
import type { StatusView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Faults } from '../../lib/faults.ts';
import type { Log } from '../../lib/log.ts';
import type { HookRoute, IsSame, Checkpoint, RunningSource, SourceIo, SourceType } from '../../sources/source.ts';
import type { Store } from '../../store/store.ts';
import type { Intake, Observed } from './intake.ts';

export interface RunningSourcesParts {
  readonly types: readonly SourceType[];
  readonly intake: Intake;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** A source has trouble, or has none any more. */
  readonly troubled: (name: string, type: string, trouble: string | undefined) => void;
}

const NOTHING: readonly Observed[] = [];

interface Running {
  readonly config: SourceConfig;
  readonly source: RunningSource;
  /** Lets the source's events in; until then they wait. */
  readonly open: () => void;
  trouble: string | undefined;
}

/** A change that has been prepared: the new sources run, but their events wait at the gate. */
export interface PreparedSources {
  /** After the swap: stops what is gone, then lets the new ones' events in. */
  commit(): Promise<void>;
  /** Instead of it: stops what was started. */
  abandon(): Promise<void>;
}

/**
 * The sources of the live ruleset. At a reload the new ones are started before the swap, since starting can fail, and gated
 * until after it, since their events belong to the new rules; an unchanged one is not touched.
 */
export class RunningSources {
  readonly #parts: RunningSourcesParts;
  #running: ReadonlyMap<string, Running> = new Map();
  /** Those of them that look at the events of others. */
  #observing: readonly Running[] = [];

  constructor(parts: RunningSourcesParts) {
    this.#parts = parts;
  }

  /** Rejects when one does not start; those that did are stopped again then. */
  async prepare(wanted: ReadonlyMap<string, SourceConfig>): Promise<PreparedSources> {
    const before = this.#running;
    const next = new Map<string, Running>();
    const started: Running[] = [];
    const abandon = async (): Promise<void> => {
      await Promise.allSettled(started.map(({ source }) => source.stop()));
    };
    try {
      for (const [name, config] of wanted) {
        const present = before.get(name);
        const running = present?.config.fingerprint === config.fingerprint ? present : await this.#start(config);
        if (running !== present) started.push(running);
        next.set(name, running);
      }
    } catch (error) {
      await abandon();
      throw error;
    }
    const commit = async (): Promise<void> => {
      this.#run(next);
      const gone = [...before.values()].filter((running) => next.get(running.config.name) !== running);
      // What one that goes has seen in an event is found by the one that replaces it.
      if (gone.some(isObserving)) await this.#parts.intake.settled();
      await Promise.allSettled(gone.map(({ source }) => source.stop()));
      for (const running of started) running.open();
    };
    return { commit, abandon };
  }

  route(path: string): HookRoute | undefined {
    for (const { source } of this.#running.values()) {
      const route = source.routes?.find((candidate) => owns(candidate, path));
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** What the sources see in an event of another one. An old event that is decided anew has been seen before. */
  observe(event: Event, at: number): readonly Observed[] {
    if (this.#observing.length === 0 || event.requeued !== undefined) return NOTHING;
    let seen: Observed[] | undefined;
    for (const { config, source } of this.#observing) {
      if (config.name === event.source) continue;
      const observation = source.observe?.(event, at);
      if (observation !== undefined) (seen ??= []).push({ scope: scopeOf(config), observation });
    }
    return seen ?? NOTHING;
  }

  status(): StatusView['sources'] {
    return [...this.#running.values()].map(({ config, source, trouble }) => {
      const detail = source.detail?.();
      return {
        name: config.name,
        type: config.type,
        state: trouble === undefined ? 'running' : 'failing',
        ...(trouble !== undefined && { reason: trouble }),
        ...(detail !== undefined && { detail }),
      };
    });
  }

  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    this.#run(new Map());
    await Promise.allSettled(all.map(({ source }) => source.stop()));
  }

  #run(running: ReadonlyMap<string, Running>): void {
    this.#running = running;
    this.#observing = [...running.values()].filter(isObserving);
  }

  async #start(config: SourceConfig): Promise<Running> {
    const type = this.#parts.types.find((candidate) => candidate.type === config.type)!;
    let open!: () => void;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const running: { -readonly [K in keyof Running]?: Running[K] } = { config, open, trouble: undefined };
    running.source = await type.start(
      config.settings,
      this.#io(config, gate, (trouble) => {
        running.trouble = trouble;
      }),
    );
    return running as Running;
  }

  #io(config: SourceConfig, gate: Promise<void>, reported: (trouble: string | undefined) => void): SourceIo {
    const { intake, store, clock, log, troubled } = this.#parts;
    const scope = scopeOf(config);
    const faults = new Faults<'source'>((trouble) => {
      reported(trouble);
      troubled(config.name, config.type, trouble);
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
      report: (trouble) => faults.set('source', trouble),
    };
  }
}

function scopeOf({ name }: SourceConfig): string {
  return `source:${name}`;
}

function isObserving({ source }: Running): boolean {
  return source.observe !== undefined;
}

function owns(route: HookRoute, path: string): boolean {
  return path === route.path || (route.subpaths === true && path.startsWith(`${route.path}/`));
}
