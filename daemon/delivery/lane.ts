import type { Notifier } from '../channels/channel.ts';
import type { Attempt, Delivery, DeliveryPolicy } from '../core/delivery.ts';
import { judge, type Verdict } from '../core/judge.ts';
import type { ChannelConfig } from '../core/ruleset.ts';
import { type Attempted, attempt } from './attempt.ts';
import { bury, buryLeft } from './funeral.ts';
import { Health } from './health.ts';
import { type DirectResult, directResult } from './direct.ts';
import { type End, EXPIRED, type LaneParts, type LaneStatus, WAITED_OUT } from './lane-parts.ts';
import { OpenNotifier } from './open-notifier.ts';
import { persist } from './persist.ts';
import { RateLimit } from './rate.ts';
import { failureOf, logSettlement, settlementOf } from './settling.ts';

const CLAIMED_AT_ONCE = 64;

/**
 * One channel's way out. It claims what is due while nothing holds it, and sends as many at once as its policy says:
 *
 *   open    -> attempts go, as rate and concurrency allow
 *   failing -> the breaker is open: one probe at a time goes, nothing else
 *   held    -> paused in the rules, by a person, or misconfigured: nothing goes, only what expires ends
 *   retired -> its channel is no longer configured: what is left ends dead
 *
 * Whatever changes calls `wake`, and one pump at a time does what may be done and sets the alarm for the rest.
 */
export class Lane {
  readonly name: string;
  readonly #parts: LaneParts;
  readonly #health: Health;
  readonly #claims: boolean;
  readonly #killed = new AbortController();
  readonly #flying = new Set<Promise<void>>();
  #config: ChannelConfig;
  #notifier: OpenNotifier;
  #limit: RateLimit;
  #waiters: (() => void)[] = [];
  #direct = 0;
  #probing = false;
  #pumping = false;
  #again = false;
  #started = false;
  #stopping = false;
  #retired = false;
  #alarm = (): void => {};

  /** `claims`: whether it sends what is owed, besides what is sent by hand. */
  constructor(config: ChannelConfig, parts: LaneParts, claims = true) {
    this.name = config.name;
    this.#claims = claims;
    this.#parts = parts;
    this.#config = config;
    this.#notifier = new OpenNotifier(() => parts.open(config));
    this.#limit = new RateLimit(config.policy.rate);
    this.#health = new Health(config.name, parts);
  }

  get #policy(): DeliveryPolicy {
    return this.#config.policy;
  }

  /** Reads what it remembers from before, then begins. */
  async start(): Promise<void> {
    await this.#health.load(this.#config.fingerprint);
    this.#started = true;
    this.wake();
  }

  /** Other settings: new attempts use a new notifier, the old one closes when its own have ended. What was refused is tried again. */
  async reconfigure(config: ChannelConfig): Promise<void> {
    const before = this.#config;
    this.#config = config;
    if (JSON.stringify(before.policy.rate) !== JSON.stringify(config.policy.rate))
      this.#limit = new RateLimit(config.policy.rate);
    if (before.fingerprint !== config.fingerprint) {
      const old = this.#notifier;
      this.#notifier = new OpenNotifier(() => this.#parts.open(config));
      void old.retire(this.#parts.log);
      await this.#health.beginAnew();
      await this.#parts.store.deliveries.hasten(this.name, this.#parts.clock.now());
    }
    this.wake();
  }

  /** Its channel is gone: what is owed ends dead, what is on its way ends first. */
  async retire(): Promise<void> {
    this.#retired = true;
    this.wake();
  }

  wake(): void {
    // Before it knows what holds it, it may send nothing.
    if (!this.#started) return;
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    void this.#pumpUntilQuiet();
  }

  async hold(): Promise<void> {
    await this.#health.holds.holdByHand();
  }

  async release(): Promise<void> {
    await this.#health.holds.releaseByHand();
    await this.#health.beginAnew();
    this.wake();
  }

  status(): LaneStatus {
    const counts = this.#parts.store.deliveries.counts().byChannel.get(this.name) ?? { pending: 0, sending: 0 };
    const { state, reason } = this.#health.status(this.#policy.paused);
    const held = state === 'paused' || state === 'misconfigured';
    return {
      name: this.name,
      type: this.#config.type,
      state,
      ...(reason !== undefined && { reason }),
      pending: held ? 0 : counts.pending,
      sending: counts.sending,
      held: held ? counts.pending : 0,
    };
  }

  /** One attempt by hand, within rate and concurrency, past every hold: a resend or a test. A success lifts `misconfigured`. */
  async direct(delivery: Delivery): Promise<DirectResult> {
    await this.#turn();
    this.#direct += 1;
    try {
      this.#limit.take(this.#parts.clock.monotonic());
      const { outcome, record } = await this.#try(delivery, false);
      if (outcome.kind === 'killed') return outcome;
      await this.#health.learn(delivery, outcome, false, this.#config.fingerprint);
      return directResult(outcome, record);
    } finally {
      this.#direct -= 1;
      this.wake();
    }
  }

  /** Claims nothing more; attempts get `grace` milliseconds, then they are aborted and stay owed. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    this.#alarm();
    for (const go of this.#waiters.splice(0)) go();
    if (grace <= 0) this.#killed.abort();
    const cancel = this.#parts.clock.after(grace, () => this.#killed.abort());
    await Promise.allSettled([...this.#flying]);
    cancel();
    this.#killed.abort();
    await this.#notifier.retire(this.#parts.log);
  }

  async #pumpUntilQuiet(): Promise<void> {
    try {
      do {
        this.#again = false;
        if (!this.#stopping) await this.#pump();
      } while (this.#again && !this.#stopping);
    } catch (error) {
      this.#parts.log.error({ error: (error as Error).message }, `${this.name}: the lane stopped`);
      this.#stopping = true;
    } finally {
      this.#pumping = false;
    }
  }

  async #pump(): Promise<void> {
    this.#alarm();
    if (this.#retired) return this.#windUp();
    if (this.#claims) await this.#endExpired();
    while (!this.#stopping && this.#waiters.length > 0 && this.#room() > 0 && this.#limitWait() === 0) {
      this.#waiters.shift()!();
      // Whoever was let go takes its place before the next one is counted.
      await Promise.resolve();
    }
    for (let room = this.#claimable(); room > 0 && !this.#stopping; room = this.#claimable()) {
      const { deliveries } = this.#parts.store;
      const claimed = await deliveries.claim(this.name, {
        limit: room,
        now: this.#parts.clock.now(),
        ordered: this.#policy.order === 'key',
      });
      if (claimed.length === 0) break;
      if (this.#stopping) {
        deliveries.release(claimed.map(({ id }) => id));
        return;
      }
      for (const delivery of claimed) await this.#dispatch(delivery);
    }
    this.#setAlarm();
  }

  /** How many may be claimed now. */
  #claimable(): number {
    if (!this.#claims || this.#limitWait() > 0) return 0;
    const wait = this.#health.wait(this.#policy.paused);
    if (wait === undefined || wait > 0) return 0;
    if (this.#health.failing) return this.#probing ? 0 : 1;
    // With a rate, one at a time, since each takes its share before the next may.
    return Math.min(this.#room(), this.#policy.rate === undefined ? CLAIMED_AT_ONCE : 1);
  }

  #room(): number {
    return this.#policy.concurrency - this.#flying.size - this.#direct;
  }

  #limitWait(): number {
    return this.#limit.wait(this.#parts.clock.monotonic());
  }

  async #dispatch(delivery: Delivery): Promise<void> {
    const now = this.#parts.clock.now();
    if (delivery.expiresAt !== undefined && now >= delivery.expiresAt) return this.#end(delivery, undefined, EXPIRED);
    const probe = this.#health.failing;
    if (probe && now >= delivery.createdAt + this.#policy.giveUpAfter)
      return this.#end(delivery, undefined, WAITED_OUT);
    if (probe) this.#probing = true;
    this.#limit.take(this.#parts.clock.monotonic());
    const flight: Promise<void> = this.#send(delivery, probe)
      .catch((error: unknown) => {
        this.#parts.log.error(
          { delivery: delivery.id, error: (error as Error).message },
          `${this.name}: an attempt could not be noted`,
        );
        this.#stopping = true;
      })
      .finally(() => {
        this.#flying.delete(flight);
        if (probe) this.#probing = false;
        this.wake();
      });
    this.#flying.add(flight);
  }

  async #send(delivery: Delivery, probe: boolean): Promise<void> {
    const { outcome, record } = await this.#try(delivery, probe);
    if (outcome.kind === 'killed') {
      this.#parts.store.deliveries.release([delivery.id]);
      return;
    }
    const { clock, random } = this.#parts;
    // What fails while the breaker is open waits with the others, whoever opened it.
    const free = probe || (this.#health.failing && outcome.kind === 'failed');
    const verdict = judge({ delivery, outcome, policy: this.#policy, now: clock.now(), random, probe: free });
    await this.#health.learn(delivery, outcome, probe, this.#config.fingerprint);
    await this.#settle(delivery, free && record.class !== undefined ? { ...record, probe: true } : record, verdict);
  }

  async #try(delivery: Delivery, probe: boolean): Promise<{ outcome: Attempted; record: Attempt }> {
    const { clock, scrubber, observer, log } = this.#parts;
    const at = new Date(clock.now()).toISOString();
    const began = clock.monotonic();
    const outcome = await this.#notifier.use((notifier: Notifier) =>
      attempt({ notifier, delivery, timeout: this.#policy.timeout, killed: this.#killed.signal, clock, scrubber }),
    );
    const ms = Math.round(clock.monotonic() - began);
    if (outcome.kind !== 'killed') observer.attempted(this.name, ms);
    if (outcome.kind === 'bug')
      log.error(
        { delivery: delivery.id, stack: (outcome.error.cause as Error | undefined)?.stack },
        `${this.name}: the channel has a bug`,
      );
    return { outcome, record: { at, ms, ...failureOf(outcome), ...(probe && { probe }) } };
  }

  async #settle(delivery: Delivery, record: Attempt, verdict: Verdict): Promise<void> {
    if (verdict.kind === 'dead') return this.#end(delivery, record, verdict);
    const { store, clock, log, observer } = this.#parts;
    const settlement = settlementOf(verdict, record);
    await persist(clock, () => store.deliveries.settle(delivery.id, settlement));
    logSettlement(log, delivery, record, settlement);
    observer.settled(delivery, settlement);
  }

  #end(delivery: Delivery, record: Attempt | undefined, end: End): Promise<void> {
    return bury(delivery, record, { class: end.class, error: end.error }, this.#policy.fallback, this.#parts);
  }

  /** Also while held: what is of no use any more must not lie in wait. */
  async #endExpired(): Promise<void> {
    const { store, clock } = this.#parts;
    while ((store.deliveries.nextExpiry(this.name) ?? Number.POSITIVE_INFINITY) <= clock.now() && !this.#stopping) {
      const expired = await store.deliveries.claimExpired(this.name, { limit: CLAIMED_AT_ONCE, now: clock.now() });
      if (expired.length === 0) return;
      await Promise.all(expired.map((delivery) => this.#end(delivery, undefined, EXPIRED)));
    }
  }

  async #windUp(): Promise<void> {
    await buryLeft(this.name, this.#parts);
    if (this.#flying.size === 0) await this.#notifier.retire(this.#parts.log);
  }

  /** The next moment at which there may be something to do. */
  #setAlarm(): void {
    const { store, clock } = this.#parts;
    const waits: number[] = [];
    const now = clock.now();
    const due = store.deliveries.nextDue(this.name);
    const expiry = store.deliveries.nextExpiry(this.name);
    if (expiry !== undefined && this.#claims) waits.push(expiry - now);
    if (this.#waiters.length > 0 && this.#room() > 0) waits.push(this.#limitWait());
    const held = this.#health.wait(this.#policy.paused);
    // What flies wakes the lane when it lands.
    const full = this.#room() <= 0 || this.#probing;
    if (due !== undefined && this.#claims && held !== undefined && !full)
      waits.push(Math.max(due - now, this.#limitWait(), held));
    if (waits.length === 0 || this.#stopping) return;
    const cancel = clock.after(Math.max(1, Math.min(...waits)), () => this.wake());
    this.#alarm = () => {
      cancel();
      this.#alarm = () => {};
    };
  }

  /** Resolves when rate and concurrency have room for one more by hand. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.wake();
    });
  }
}
