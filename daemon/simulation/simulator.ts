import { acknowledge, silenceChange } from '../core/alerts/alerts.ts';
import { decide, type DecideContext } from '../core/flow/decide.ts';
import type { Decision, Memory, RuleResult } from '../core/flow/decision.ts';
import { API_SOURCE, completeEvent, type Event, type EventInput, OWN_SOURCE } from '../core/event/event.ts';
import { deathNotice } from '../core/delivery/fallback.ts';
import { decideWake } from '../core/flow/wake.ts';
import { ownEvents } from '../core/event/own-events.ts';
import { RepeatLimit } from '../lib/faults.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Answer } from '../core/schema/sections/rule-tests.ts';
import { select } from '../core/flow/select.ts';
import type { Log } from '../lib/log.ts';
import type { Checkpoint, RunningSource, SourceType } from '../sources/source.ts';
import { StateCache } from '../store/states.ts';
import { Mailbox, type Sent } from './fake-channels.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface WorldParts {
  readonly ruleset: Ruleset;
  /** The types whose sources run: those that need nothing but time. */
  readonly sourceTypes: readonly SourceType[];
  readonly log: Log;
  /** When it begins, milliseconds since the epoch. */
  readonly at: number;
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
}

/** Events of our own that lead to events of our own are told so many times in a row. */
const MOST_OWN = 100;
const OWN_ERRORS_EVERY = 60_000;
/** Wherever a daemon tests its rules, others get their turn after so many steps. */
const STEPS_IN_A_ROW = 50;

/**
 * A daemon without a disk and without a far side: the same rules, the same core, sources that need only time, channels that
 * answer by script, and a clock that stands still until it is moved.
 */
export class World {
  readonly clock: VirtualClock;
  readonly #parts: WorldParts;
  readonly #states = new StateCache();
  readonly #mailbox: Mailbox;
  readonly #running: {
    readonly name: string;
    readonly source: RunningSource;
    readonly checkpoints: Map<string, string>;
  }[] = [];
  readonly #seen = new Set<string>();
  readonly #ruleErrors = new RepeatLimit(OWN_ERRORS_EVERY);
  #later = new Map<string, RuleResult>();
  #ids = 0;
  #own = 0;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.clock = new VirtualClock(parts.at);
    this.#mailbox = new Mailbox({
      ruleset: parts.ruleset,
      newId: () => this.#newId(),
      answers: parts.answers,
      died: (delivery, end) => {
        const notice = deathNotice(delivery, end);
        if (notice !== undefined) this.#raise(notice);
      },
    });
  }

  /** Starts the sources that need only time. */
  async open(): Promise<void> {
    for (const { name, type, settings } of this.#parts.ruleset.sources.values()) {
      const known = this.#parts.sourceTypes.find((candidate) => candidate.type === type);
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

  /** Takes an event in now; undefined when it is a duplicate. */
  async emit(input: EventInput): Promise<readonly RuleResult[] | undefined> {
    const taken = this.#take(input, input.source ?? API_SOURCE, []);
    this.#mailbox.work(this.clock.now());
    await settled();
    return taken;
  }

  /** Whether what is sent from now on will be asked for. */
  set watched(watched: boolean) {
    this.#mailbox.watched = watched;
  }

  /** Keeps something quiet from now on; `given` as a silence is stored. */
  silence(given: Readonly<Record<string, unknown>>, until: number | undefined): void {
    this.#states.apply([silenceChange(this.#newId(), given, until)]);
  }

  /** How many alerts fired for the key. */
  acknowledge(key: string): number {
    const { acknowledged, ...decision } = acknowledge({ key }, this.#context());
    this.#apply(decision);
    return acknowledged.length;
  }

  /** Lets time pass; all that is due meanwhile happens at its time. */
  async until(end: number): Promise<void> {
    let steps = 0;
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      const rings = (this.clock.next ?? Number.POSITIVE_INFINITY) <= next;
      this.clock.moveTo(next);
      if (rings || (steps += 1) % STEPS_IN_A_ROW === 0) await settled();
      const now = this.clock.now();
      for (const place of this.#states.due(now, 1000)) this.#apply(decideWake(place, this.#context()));
      this.#mailbox.work(now);
    }
    this.clock.moveTo(end);
    await settled();
  }

  /** What was sent since the last time that it was asked. */
  takeSent(): readonly Sent[] {
    return this.#mailbox.takeSent();
  }

  /**
   * The last that each rule did since the last time that it was asked, other than at once with an event of a test: with events
   * that sources sent or the daemon raised, and when a timer woke it.
   */
  takeLater(): ReadonlyMap<string, RuleResult> {
    const later = this.#later;
    this.#later = new Map();
    return later;
  }

  #nextDue(end: number): number | undefined {
    let next: number | undefined;
    for (const time of [this.clock.next, this.#states.nextWake, this.#mailbox.next]) {
      if (time !== undefined && time <= end && (next === undefined || time < next)) next = time;
    }
    return next;
  }

  #take(
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
    if (id !== undefined && this.#seen.has(name)) return undefined;
    if (id !== undefined) this.#seen.add(name);
    this.#observe(event, now);
    const { ruleset } = this.#parts;
    const decision = decide(event, select(event, ruleset, now), this.#context());
    this.#apply(decision);
    for (const result of decision.results) this.#tellErrors(event, result);
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
    this.#mailbox.owe(deliveries);
    if (cancels.length > 0) this.#mailbox.cancel(cancels);
    for (const { event, result } of later) {
      this.#later.set(result.rule, result);
      this.#tellErrors(event, result);
    }
  }

  #tellErrors({ id, source }: Event, { rule, errors }: RuleResult): void {
    if (errors === undefined || source === OWN_SOURCE) return;
    if (!this.#ruleErrors.passes(rule, this.clock.now())) return;
    this.#raise(ownEvents.ruleError({ rule, reason: errors.join('; '), event: id }));
  }

  #raise(input: EventInput): void {
    if (this.#own >= MOST_OWN) return;
    this.#own += 1;
    for (const result of this.#take(input, OWN_SOURCE, []) ?? []) this.#later.set(result.rule, result);
    this.#own -= 1;
  }

  #context(): DecideContext {
    const now = this.clock.now();
    const memory: Memory = {
      read: (...place) => this.#states.read(...place, now),
      each: (...place) => this.#states.each(...place, now),
    };
    return { ruleset: this.#parts.ruleset, memory, now, newId: () => this.#newId() };
  }

  #newId(): string {
    return `rehearsed-${(this.#ids += 1)}`;
  }

  #io(name: string, checkpoints: Map<string, string>) {
    const emit = (event: EventInput, given: readonly Checkpoint[] = []) => {
      const taken = this.#take(event, name, given, checkpoints);
      for (const result of taken ?? []) this.#later.set(result.rule, result);
      this.#mailbox.work(this.clock.now());
      return Promise.resolve({ id: event.id ?? '', duplicate: taken === undefined });
    };
    return {
      name,
      clock: this.clock,
      log: this.#parts.log,
      live: Promise.resolve(),
      emit,
      emitAll: (events: readonly EventInput[], given?: readonly Checkpoint[]) =>
        Promise.all(events.map((event) => emit(event, given))),
      saveCheckpoints: (given: readonly Checkpoint[]) => Promise.resolve(write(checkpoints, given)),
      readCheckpoints: () => Promise.resolve(new Map(checkpoints)),
      report: () => undefined,
    };
  }
}

function write(checkpoints: Map<string, string>, changes: readonly Checkpoint[]): void {
  for (const { key, value } of changes) {
    if (value === null) checkpoints.delete(key);
    else checkpoints.set(key, value);
  }
}

/** Lets the promises of sources run to their end. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
