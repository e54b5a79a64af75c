import { NO_WRITES } from '../core/event/file-writes.ts';
import { changeAlerts } from '../core/alerts/changes.ts';
import { silenceChange } from '../core/alerts/silence-actions.ts';
import { decide, type DecideContext } from '../core/flow/decide.ts';
import type { Decision, Memory, RuleResult } from '../core/flow/decision.ts';
import { API_SOURCE, completeEvent, type Event, type EventInput, OWN_SOURCE } from '../core/event/event.ts';
import { deathNotice } from '../core/delivery/fallback.ts';
import { decideWake } from '../core/flow/wake.ts';
import { RuleErrorLimit } from '../core/event/rule-errors.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Answer } from '../core/schema/sections/rule-tests.ts';
import { select } from '../core/flow/select.ts';
import type { Log } from '../lib/log.ts';
import type { Checkpoint, RunningSource, SourceType } from '../sources/source.ts';
import { StateCache } from '../store/states.ts';
import { FakeChannels, type Sent } from './fake-channels.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface SimulatorDeps {
  readonly ruleset: Ruleset;
  /** Types with `runsInTests`; other sources do not run. */
  readonly sourceTypes: readonly SourceType[];
  readonly log: Log;
  /** Start of the virtual clock, milliseconds since the epoch. */
  readonly at: number;
  /** Scripted answers of each channel. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
}

/** Limit on `belfry.*` events that cause further `belfry.*` events. */
const MAX_NESTED_EVENTS = 100;
/** Steps after which other work runs, since a daemon tests new rules while it handles events. */
const STEPS_PER_YIELD = 50;

/**
 * Simulation of a daemon without disk and network: the same core, the sources that need only time, channels with scripted answers,
 * and a virtual clock.
 */
export class Simulator {
  readonly clock: VirtualClock;
  readonly #deps: SimulatorDeps;
  readonly #states = new StateCache();
  readonly #channels: FakeChannels;
  readonly #running: {
    readonly name: string;
    readonly source: RunningSource;
    readonly checkpoints: Map<string, string>;
  }[] = [];
  readonly #seenIds = new Set<string>();
  readonly #ruleErrors = new RuleErrorLimit();
  /** Results for `takeLater`, by rule. */
  #later = new Map<string, RuleResult>();
  #ids = 0;
  /** Depth of `belfry.*` events that caused one another. */
  #nesting = 0;

  constructor(deps: SimulatorDeps) {
    this.#deps = deps;
    this.clock = new VirtualClock(deps.at);
    this.#channels = new FakeChannels({
      ruleset: deps.ruleset,
      newId: () => this.#newId(),
      answers: deps.answers,
      onDead: (delivery, reason, fallback) => {
        const notice = deathNotice(delivery, reason, { attempts: delivery.attempts.length, fallback });
        if (notice !== undefined) this.#raise(notice);
      },
    });
  }

  /** Starts the sources that need only time. */
  async open(): Promise<void> {
    for (const { name, type, settings } of this.#deps.ruleset.sources.values()) {
      const known = this.#deps.sourceTypes.find((candidate) => candidate.type === type);
      if (known === undefined) continue;
      const checkpoints = new Map<string, string>();
      const source = await known.start(settings, this.#io(name, checkpoints));
      this.#running.push({ name, source, checkpoints });
    }
    await settled();
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map(({ source }) => source.stop()));
  }

  /** Accepts an event; undefined when it is a duplicate. */
  async emit(input: EventInput): Promise<readonly RuleResult[] | undefined> {
    const results = this.#accept(input, input.source ?? API_SOURCE, []);
    this.#channels.work(this.clock.now());
    await settled();
    return results;
  }

  /** Whether messages sent from now on are collected for `takeSent`. */
  set recording(recording: boolean) {
    this.#channels.recording = recording;
  }

  /** Adds a silence; `given` in the stored form. */
  silence(given: Readonly<Record<string, unknown>>, until: number | undefined): void {
    this.#states.apply([silenceChange(this.#newId(), given, until)]);
  }

  /** Acknowledges the alerts of a key. Returns how many were firing. */
  acknowledge(key: string): number {
    const { changed, ...decision } = changeAlerts('ack', { key }, this.#context());
    this.#apply(decision);
    return changed.length;
  }

  /** Advances the clock to `end`; timers, attempts and ticks that are due before it run at their time. */
  async until(end: number): Promise<void> {
    let steps = 0;
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      const firesTimer = (this.clock.next ?? Number.POSITIVE_INFINITY) <= next;
      this.clock.moveTo(next);
      if (firesTimer || (steps += 1) % STEPS_PER_YIELD === 0) await settled();
      const now = this.clock.now();
      for (const id of this.#states.due(now, 1000)) this.#apply(decideWake(id, this.#context()));
      this.#channels.work(now);
    }
    this.clock.moveTo(end);
    await settled();
  }

  /** Messages sent since the last call. */
  takeSent(): readonly Sent[] {
    return this.#channels.takeSent();
  }

  /**
   * The last result of each rule since the last call, for events of sources, `belfry.*` events and timers. Results for an
   * event of the test are returned by `emit`.
   */
  takeLater(): ReadonlyMap<string, RuleResult> {
    const later = this.#later;
    this.#later = new Map();
    return later;
  }

  #nextDue(end: number): number | undefined {
    let next: number | undefined;
    for (const time of [this.clock.next, this.#states.nextWake, this.#channels.next]) {
      if (time !== undefined && time <= end && (next === undefined || time < next)) next = time;
    }
    return next;
  }

  #accept(
    input: EventInput,
    source: string,
    checkpoints: readonly Checkpoint[],
    own?: Map<string, string>,
  ): readonly RuleResult[] | undefined {
    const now = this.clock.now();
    const { id } = input;
    const event = completeEvent(input, now, () => this.#newId(), source);
    if (own !== undefined) write(own, checkpoints);
    const name = JSON.stringify([event.source, event.id]);
    if (id !== undefined && this.#seenIds.has(name)) return undefined;
    if (id !== undefined) this.#seenIds.add(name);
    this.#observe(event, now);
    const { ruleset } = this.#deps;
    const decision = decide(event, select(event, ruleset, now), this.#context());
    this.#apply(decision);
    for (const result of decision.results) this.#raiseErrors(event, result);
    return decision.results;
  }

  #observe(event: Event, now: number): void {
    for (const { name, source, checkpoints } of this.#running) {
      const seen = name === event.source ? undefined : source.observe?.(event, now);
      if (seen === undefined) continue;
      write(checkpoints, seen.checkpoints);
      seen.committed();
    }
  }

  #apply({ states, deliveries, cancels = [], later = [] }: Decision): void {
    this.#states.apply(states);
    this.#channels.enqueue(deliveries);
    if (cancels.length > 0) this.#channels.cancel(cancels);
    for (const { event, result } of later) {
      this.#later.set(result.rule, result);
      this.#raiseErrors(event, result);
    }
  }

  #raiseErrors(event: Event, result: RuleResult): void {
    const notice = this.#ruleErrors.noticeOf(event, result, this.clock.now());
    if (notice !== undefined) this.#raise(notice);
  }

  #raise(input: EventInput): void {
    if (this.#nesting >= MAX_NESTED_EVENTS) return;
    this.#nesting += 1;
    for (const result of this.#accept(input, OWN_SOURCE, []) ?? []) this.#later.set(result.rule, result);
    this.#nesting -= 1;
  }

  #context(): DecideContext {
    const now = this.clock.now();
    const memory: Memory = {
      read: (...id) => this.#states.read(...id, now),
      each: (...id) => this.#states.each(...id, now),
    };
    return { ruleset: this.#deps.ruleset, memory, now, newId: () => this.#newId() };
  }

  #newId(): string {
    return `simulated-${(this.#ids += 1)}`;
  }

  #io(name: string, checkpoints: Map<string, string>) {
    const emit = (event: EventInput, given: readonly Checkpoint[] = []) => {
      const results = this.#accept(event, name, given, checkpoints);
      for (const result of results ?? []) this.#later.set(result.rule, result);
      this.#channels.work(this.clock.now());
      return Promise.resolve({ id: event.id ?? '', duplicate: results === undefined });
    };
    return {
      name,
      clock: this.clock,
      log: this.#deps.log,
      live: Promise.resolve(),
      emit,
      emitAll: (events: readonly EventInput[], given?: readonly Checkpoint[]) =>
        Promise.all(events.map((event) => emit(event, given))),
      saveCheckpoints: (given: readonly Checkpoint[]) => Promise.resolve(write(checkpoints, given)),
      readCheckpoints: () => Promise.resolve(new Map(checkpoints)),
      report: () => undefined,
      writes: NO_WRITES,
      countMissed: () => undefined,
    };
  }
}

function write(checkpoints: Map<string, string>, changes: readonly Checkpoint[]): void {
  for (const { key, value } of changes) {
    if (value === null) checkpoints.delete(key);
    else checkpoints.set(key, value);
  }
}

/** Resolves after the promises of the sources have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
