import {
  ALARM_RULE,
  alarmDelivery,
  CANARY_RULE,
  canaryDelivery,
  type CanaryProgress,
  type CanaryState,
  canaryStep,
} from '../../../core/delivery/canary.ts';
import type { CanarySettings } from '../../../core/delivery/delivery.ts';
import { type Event, type EventInput, OWN_SOURCE } from '../../../core/event/event.ts';
import { ownEvents } from '../../../core/event/own-events.ts';
import type { Decision } from '../../../core/flow/decision.ts';
import { BelfryError } from '../../../core/problems/failure.ts';
import type { ChannelConfig, Ruleset } from '../../../core/ruleset.ts';
import type { Lanes } from '../../../delivery/lanes.ts';
import type { CanaryResult } from '../../../http/metrics.ts';
import { faultLog } from '../../../lib/faults.ts';
import type { Log } from '../../../lib/log.ts';
import type { Scrubber } from '../../../lib/secrets/scrubber.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { Store, StoredDelivery } from '../../../store/store.ts';
import type { Intake } from '../intake.ts';

export interface CanariesDeps {
  readonly live: () => Ruleset;
  readonly store: Pick<Store, 'checkpoints' | 'deliveries'>;
  readonly intake: Pick<Intake, 'accept'>;
  readonly lanes: Pick<Lanes, 'statusOf' | 'observe'>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly scrubber: Scrubber;
  readonly onCanary: (channel: string, result: CanaryResult) => void;
}

/** A channel with a canary. */
interface Watched {
  readonly channel: ChannelConfig;
  readonly canary: CanarySettings;
}

/** Checkpoint key. */
const KEY = 'state';
const scopeOf = (channel: string): string => `canary:${channel}`;

/**
 * Sends the canaries of channels when they are due, and reports those that are not delivered in time by another channel. Its state
 * is stored together with its events, so that a restart neither repeats nor forgets a canary or an alarm.
 */
export class Canaries {
  readonly #deps: CanariesDeps;
  readonly #noteFault: (text: string | undefined) => void;
  readonly #states = new Map<string, CanaryState | undefined>();
  /** Channels that have delivered a message since the last round. */
  readonly #delivered = new Set<string>();
  readonly #unsubscribe: () => void;
  #round: Promise<void> | undefined;
  #isClosed = false;

  constructor(deps: CanariesDeps) {
    this.#deps = deps;
    this.#noteFault = faultLog(deps.log, 'canaries: the states can be stored again');
    this.#unsubscribe = deps.lanes.observe({
      attempted: () => undefined,
      settled: ({ channel }, { state }) => void (state === 'delivered' && this.#onDelivered(channel)),
      deliveredManually: (channel) => this.#onDelivered(channel),
    });
  }

  /** A reason for each channel whose last canary was missed. */
  get faults(): readonly string[] {
    return this.#watched().flatMap(({ channel: { name } }) => {
      const { missedSince, reason } = this.#states.get(name) ?? {};
      if (missedSince === undefined) return [];
      return [`channel ${name}: no canary was confirmed since ${rfc3339(missedSince)}: ${reason}`];
    });
  }

  /** The daemon works and is ready: does what is due. Called in each round of the self-check. */
  working(): void {
    if (this.#isClosed || this.#round !== undefined) return;
    this.#round = this.#runRound().finally(() => (this.#round = undefined));
  }

  /** Resolves when the round that is running has ended. */
  async idle(): Promise<void> {
    await this.#round;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    await this.idle();
  }

  #onDelivered(channel: string): void {
    if (this.#states.get(channel)?.missedSince !== undefined) this.#delivered.add(channel);
  }

  #watched(): readonly Watched[] {
    const { channels } = this.#deps.live();
    return [...channels.values()].flatMap((channel) =>
      channel.canary === undefined ? [] : [{ channel, canary: channel.canary }],
    );
  }

  async #runRound(): Promise<void> {
    try {
      const watched = this.#watched();
      for (const one of watched) await this.#advance(one);
      const names = new Set(watched.map(({ channel }) => channel.name));
      for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
      this.#noteFault(undefined);
    } catch (error) {
      if (error instanceof BelfryError && error.code === 'intake.stopping') return;
      this.#noteFault(`canaries: tried again, because ${(error as Error).message}`);
    }
  }

  async #advance(watched: Watched): Promise<void> {
    const { name, fingerprint } = watched.channel;
    const { clock, lanes } = this.#deps;
    const state = await this.#stateOf(name);
    if (state?.missedSince !== undefined && this.#delivered.delete(name)) return this.#confirmed(watched, state);
    const progress = await this.#progressOf(state);
    const step = canaryStep(watched.canary, state, progress, { now: clock.now(), fingerprint });
    // A person holds the channel, and knows that nothing arrives.
    const isPaused = lanes.statusOf(name)?.state === 'paused';
    if (step.kind === 'confirmed') await this.#confirmed(watched, state!);
    else if (step.kind === 'missed') await this.#missed(watched, state!, step.reason, isPaused);
    else if (step.kind === 'send' && !isPaused) await this.#send(watched, state);
  }

  async #stateOf(channel: string): Promise<CanaryState | undefined> {
    if (!this.#states.has(channel)) {
      const text = await this.#deps.store.checkpoints.get(scopeOf(channel), KEY);
      this.#states.set(channel, text === undefined ? undefined : (JSON.parse(text) as CanaryState));
    }
    return this.#states.get(channel);
  }

  async #progressOf(state: CanaryState | undefined): Promise<CanaryProgress | undefined> {
    if (state?.waitsFor === undefined) return undefined;
    const stored = await this.#deps.store.deliveries.find(state.waitsFor);
    return stored === undefined ? { kind: 'ended', reason: 'it is no longer in the history' } : progressIn(stored);
  }

  async #send({ channel, canary }: Watched, before: CanaryState | undefined): Promise<void> {
    const { clock, newId, onCanary } = this.#deps;
    const { name, type, fingerprint } = channel;
    const now = clock.now();
    const id = newId();
    const { waitsFor: _, ...kept } = before ?? {};
    const state = { ...kept, sentAt: now, waitsFor: id, fingerprint };
    await this.#raise(ownEvents.canary({ channel: name, channel_type: type, within: canary.within }), name, state, {
      // The event says that nothing is wrong, so only rules that ask for events of the daemon get it.
      isFor: ({ on }) => on?.includes(OWN_SOURCE) === true,
      own: (event) => ({
        results: [{ rule: CANARY_RULE, outcome: 'notified', key: name }],
        deliveries: [canaryDelivery(channel, canary, { event, id, now })],
      }),
    });
    onCanary(name, 'sent');
  }

  async #confirmed(watched: Watched, before: CanaryState): Promise<void> {
    const { log, onCanary } = this.#deps;
    const { name, type } = watched.channel;
    const { waitsFor, missedSince, reason: _, ...kept } = before;
    if (waitsFor !== undefined) onCanary(name, 'confirmed');
    if (missedSince === undefined) return this.#store(name, kept);
    const since = rfc3339(missedSince);
    await this.#raise(ownEvents.canaryRecovered({ channel: name, channel_type: type, since }), name, kept, {
      own: (event, decision) => this.#alarm(watched, { since: missedSince }, event, decision),
    });
    log.info(`${name}: a message was delivered again after a canary that was missed`);
  }

  /** Reports the first canary that is missed. `isPaused`: nothing is reported, and the canary is sent after the pause. */
  async #missed(watched: Watched, before: CanaryState, reason: string, isPaused: boolean): Promise<void> {
    const { log, onCanary } = this.#deps;
    const { name, type } = watched.channel;
    const { waitsFor, ...kept } = before;
    if (isPaused) return this.#store(name, { ...kept, sentAt: 0 });
    onCanary(name, 'missed');
    if (before.missedSince !== undefined) return this.#store(name, { ...kept, reason });
    const { sentAt } = before;
    const data = { channel: name, channel_type: type, delivery: waitsFor!, reason, since: rfc3339(sentAt) };
    const event = ownEvents.canaryMissed({ ...data, mend: `belfry channel test ${name}` });
    await this.#raise(
      event,
      name,
      { ...kept, missedSince: sentAt, reason },
      {
        own: (raised, decision) => this.#alarm(watched, { reason, since: sentAt }, raised, decision),
      },
    );
    log.error({ reason, delivery: waitsFor }, `${name}: the canary was not delivered`);
  }

  /** The alarm, or its end, unless a rule notifies the same channel of the event. */
  #alarm(
    { channel, canary }: Watched,
    alarm: { readonly reason?: string; readonly since: number },
    event: Event,
    decision: Decision,
  ): Pick<Decision, 'results' | 'deliveries'> {
    const { live, clock, newId } = this.#deps;
    const by = live().channels.get(canary.notify ?? channel.policy.fallback ?? '');
    const isNotified = decision.deliveries.some(({ delivery }) => delivery.channel === by?.name);
    if (by === undefined || isNotified) return { results: [], deliveries: [] };
    const made = { event, id: newId(), now: clock.now() };
    return {
      results: [{ rule: ALARM_RULE, outcome: 'notified', key: channel.name }],
      deliveries: [alarmDelivery(by, channel.name, alarm, made)],
    };
  }

  /** Accepts an event of the daemon, and stores the state in the same transaction. */
  async #raise(
    event: EventInput,
    channel: string,
    state: CanaryState,
    options: Pick<Parameters<Intake['accept']>[1] & object, 'own' | 'isFor'>,
  ): Promise<void> {
    const { intake, scrubber } = this.#deps;
    const checkpoints = [{ scope: scopeOf(channel), entries: [entryOf(state)] }];
    await intake.accept([scrubber.scrubJson(event)], { source: OWN_SOURCE, checkpoints, ...options });
    this.#states.set(channel, state);
  }

  async #store(channel: string, state: CanaryState): Promise<void> {
    await this.#deps.store.checkpoints.write(scopeOf(channel), [entryOf(state)]);
    this.#states.set(channel, state);
  }
}

const entryOf = (state: CanaryState) => ({ key: KEY, value: JSON.stringify(state) });

function progressIn({ state, delivery }: StoredDelivery): CanaryProgress {
  if (state === 'delivered') return { kind: 'delivered' };
  if (state !== 'dead' && state !== 'cancelled') return { kind: 'pending' };
  const { message, code } = delivery.attempts.at(-1) ?? {};
  return {
    kind: 'ended',
    reason: message === undefined ? 'it was not sent before its time was over' : `${message} (${code})`,
  };
}
