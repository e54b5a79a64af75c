import { changeAlerts } from '../../daemon/core/alerts/changes.ts';
import type { Decision, Memory, StateChange } from '../../daemon/core/flow/decision.ts';
import { decide, type DecideContext } from '../../daemon/core/flow/decide.ts';
import type { Delivery } from '../../daemon/core/delivery/delivery.ts';
import type { Event } from '../../daemon/core/event/event.ts';
import { reschedule } from '../../daemon/core/flow/reschedule.ts';
import { decideWake } from '../../daemon/core/flow/wake.ts';
import type { Json } from '../../daemon/core/values/json.ts';
import type { Ruleset } from '../../daemon/core/ruleset.ts';
import { select } from '../../daemon/core/flow/select.ts';
import { dueByRule } from '../../daemon/core/flow/deliveries.ts';
import { StateCache } from '../../daemon/store/states.ts';
import { rulesetOf } from './compile.ts';

export const START = Date.parse('2026-11-23T09:00:00Z');
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const CHANNELS = 'channels: { ops: { type: sink }, boss: { type: sink }, chief: { type: sink } }\n';

/** Message that was sent. */
export interface Sent {
  readonly at: number;
  readonly channel: string;
  readonly title: string;
  readonly body: string;
  readonly status: string;
  readonly replaceKey: string | undefined;
}

/** Result that a rule gave to an event, at once or later. */
export interface Fate {
  readonly event: string;
  readonly rule: string;
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly errors: readonly string[];
}

export interface CoreRunnerOptions {
  readonly start?: number;
  /** YAML of the channels; empty if the rules have their own. */
  readonly channels?: string;
}

/** Runs the core with states in memory and a virtual clock: a daemon without disk and channels. */
export class CoreRunner {
  ruleset: Ruleset;
  now: number;
  readonly sent: Sent[] = [];
  readonly fates: Fate[] = [];
  readonly cancelled: string[] = [];
  /** All deliveries that were made. */
  readonly deliveries: Delivery[] = [];
  #cache = new StateCache();
  #ids = 0;
  #events = 0;
  readonly #channels: string;
  readonly #waiting: { dueAt: number; readonly delivery: Delivery; readonly sent: Sent }[] = [];

  /** `rules`: text of the rules file, without the channels. */
  constructor(rules: string, { start = START, channels = CHANNELS }: CoreRunnerOptions = {}) {
    this.#channels = channels;
    this.ruleset = rulesetOf(channels + rules);
    this.now = start;
  }

  /** Applies edited rules. Returns the notes about timers that the daemon would log. */
  edit(rules: string): readonly string[] {
    this.ruleset = rulesetOf(this.#channels + rules);
    const { notes, ...decision } = reschedule(this.ruleset.rules, this.context(), (place) =>
      this.#cache.timesOf(place),
    );
    this.#apply(decision);
    this.#reschedule();
    return notes;
  }

  /** Applies rules as a start does: expired states are included. */
  startWith(rules: string): void {
    this.restart();
    this.ruleset = rulesetOf(this.#channels + rules);
    const memory = this.#memoryAt(0);
    const { notes: _, ...decision } = reschedule(this.ruleset.rules, { ...this.context(), memory }, (place) =>
      this.#cache.timesOf(place),
    );
    this.#apply(decision);
    this.#reschedule();
  }

  #reschedule(): void {
    for (const waiting of this.#waiting) {
      const rule = this.ruleset.byName.get(waiting.delivery.rule);
      waiting.dueAt = (rule && dueByRule(rule, waiting.delivery, waiting.dueAt)) ?? waiting.dueAt;
    }
  }

  /** Restarts: keeps only what a disk would contain. */
  restart(): void {
    const rows = this.rows().map((row) => ({ ...row, value: JSON.parse(JSON.stringify(row.value)) as unknown }));
    this.#cache = new StateCache();
    this.#cache.load(rows);
  }

  /** All states. */
  rows(): StateChange[] {
    const found: StateChange[] = [];
    for (const [place, { value, expires, wake }] of this.#written) {
      const [rule, key, step] = JSON.parse(place) as [string, string, string];
      found.push({ rule, key, step, value, expires, ...(wake !== undefined && { wake }) });
    }
    return found;
  }

  readonly #written = new Map<string, StateChange>();

  /** Accepts an event now. Returns the outcomes by rule. */
  take(data: Json = {}, more: Record<string, Json> = {}): Record<string, string> {
    const decision = this.decided(data, more);
    return Object.fromEntries(decision.results.map(({ rule, outcome }) => [rule, outcome]));
  }

  /** Accepts an event now. Returns the whole decision. */
  decided(data: Json, more: Record<string, Json>): Decision {
    const event: Event = {
      id: `e${(this.#events += 1)}`,
      source: 'api',
      type: 't',
      time: new Date(this.now).toISOString(),
      data,
      ...more,
    };
    const decision = decide(event, select(event, this.ruleset, this.now), this.context());
    this.#apply(decision, event.id);
    return decision;
  }

  /** Advances the time; due timers fire at their times. */
  wait(ms: number): void {
    this.until(this.now + ms);
  }

  until(end: number): void {
    for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
      this.now = Math.max(this.now, due);
      this.#flush();
      for (const place of this.#cache.due(this.now, 100)) this.#apply(decideWake(place, this.context()));
    }
    this.now = end;
    this.#flush();
  }

  /** Advances the time of a stopped daemon; due timers fire at its end. */
  sleep(ms: number): void {
    this.now += ms;
    this.restart();
    this.wait(0);
  }

  acknowledge(key: string, rule?: string): number {
    const { changed, ...decision } = changeAlerts('ack', { key, ...(rule !== undefined && { rule }) }, this.context());
    this.#apply(decision);
    return changed.length;
  }

  /** Writes states directly, as a user action does. */
  write(...changes: StateChange[]): void {
    this.#apply({ results: [], states: changes, deliveries: [] });
  }

  /** Messages since the last call, as `ops: body`. */
  heard(): string[] {
    return this.sent.splice(0).map(({ channel, body }) => `${channel}: ${body}`);
  }

  context(): DecideContext {
    return { ruleset: this.ruleset, memory: this.memory(), now: this.now, newId: () => `d${(this.#ids += 1)}` };
  }

  memory(): Memory {
    return this.#memoryAt(this.now);
  }

  #memoryAt(now: number): Memory {
    return {
      read: (...place) => deepFrozen(this.#cache.read(...place, now)),
      each: (...place) => this.#cache.each(...place, now),
    };
  }

  get nextWake(): number | undefined {
    return this.#cache.nextWake;
  }

  #nextDue(end: number): number | undefined {
    const times = [this.#cache.nextWake, ...this.#waiting.map(({ dueAt }) => dueAt)].filter(
      (time) => time !== undefined && time <= end,
    );
    return times.length === 0 ? undefined : Math.min(...(times as number[]));
  }

  #flush(): void {
    for (const waiting of this.#waiting.filter(({ dueAt }) => dueAt <= this.now)) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.sent.push(waiting.sent);
    }
  }

  #apply({ results, states, deliveries, cancels = [], later = [] }: Decision, event = ''): void {
    const stored = states.map((change) => ({ ...change, value: structuredClone(change.value) }));
    this.#cache.apply(stored);
    for (const change of stored) {
      const place = JSON.stringify([change.rule, change.key, change.step]);
      if (change.value === null) this.#written.delete(place);
      else this.#written.set(place, change);
    }
    for (const id of cancels) {
      this.cancelled.push(id);
      const index = this.#waiting.findIndex(({ delivery }) => delivery.id === id);
      if (index >= 0) this.#waiting.splice(index, 1);
    }
    for (const { delivery, dueAt } of deliveries) {
      const { title, body, replace_key: replaceKey } = delivery.message;
      const sent = { at: dueAt, channel: delivery.channel, title, body, status: delivery.status, replaceKey };
      this.#waiting.push({ dueAt, delivery, sent });
      this.deliveries.push(delivery);
    }
    this.#flush();
    const all = [
      ...results.map((result) => ({ event, result })),
      ...later.map((one) => ({ ...one, event: one.event.id })),
    ];
    for (const { event: id, result } of all) {
      const { rule, outcome, reason, errors = [] } = result;
      this.fates.push({ event: id, rule, outcome, reason, errors });
    }
  }
}

function deepFrozen(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFrozen(item);
  }
  return value;
}
