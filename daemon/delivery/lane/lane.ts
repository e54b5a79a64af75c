import { type DeadReason, expiryReason, reasonNotToSend } from '../../core/delivery/dead-reason.ts';
import type { Delivery, DeliveryPolicy } from '../../core/delivery/delivery.ts';
import { judge } from '../../core/delivery/judge.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import type { HoldRequest, ManualHold } from '../../core/delivery/hold.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import { pause } from '../../lib/time/clock.ts';
import { ClockEffects } from '../clock-effects.ts';
import { deadLetter } from '../dead-letters/dead-letter.ts';
import { type ManualResult, manualResult } from '../manual/attempt.ts';
import { ManualQueue } from '../manual/queue.ts';
import { Admission, CLAIM_BATCH } from './admission.ts';
import { type EndedAttempt, makeAttempt } from './attempt.ts';
import { type LaneDeps, type LanePacing, type LaneStatus, laneStatus } from './deps.ts';
import { type AttemptResult, Health } from './health/health.ts';
import { InFlight } from './in-flight.ts';
import { LazyNotifier } from './lazy-notifier.ts';
import { dueNow } from './rate-limit.ts';
import { RunLoop, WakeTimer } from './run-loop.ts';
import { settle } from './settle.ts';

/** Cooldown after an internal error: long enough not to repeat it in a tight loop, short enough not to be an outage. */
const ERROR_COOLDOWN_MS = 60_000;
/** Time for a notifier to close its connections during a stop. */
const CLOSE_TIMEOUT_MS = 2000;

/**
 * Delivery queue of one channel. It claims due deliveries and sends as many at once as the channel's policy allows:
 *
 *   open    -> attempts are made within rate and concurrency
 *   failing -> the breaker is open: one probe at a time is made
 *   held    -> paused in the rules, held by an operator, or misconfigured: nothing is sent, deliveries only expire
 *   ended   -> stopped, the store failed, or the channel was removed from the rules: no attempt begins
 *
 * Each change calls `wake`. One run loop does the work that may be done now and sets the wake timer for the rest.
 */
export class Lane {
  readonly name: string;
  readonly #deps: LaneDeps;
  readonly #claimsDeliveries: boolean;
  readonly #health: Health;
  readonly #inFlight = new InFlight(() => this.wake());
  readonly #admission: Admission;
  readonly #wakeTimer: WakeTimer;
  readonly #clockEffects: ClockEffects;
  readonly #loop = new RunLoop({
    runRound: () => this.#runRound(),
    onError: (error) => this.#onInternalError(error),
    onIdle: () => this.#setWakeTimer(),
  });
  readonly #manualQueue = new ManualQueue();
  #config: ChannelConfig;
  #notifier: LazyNotifier;
  /** Manual attempts and deliveries of the queue alternate, so that neither starves the other. */
  #isManualTurn = true;
  #isLoaded = false;
  #isEnded = false;
  /** Status after the store has failed. */
  #storeFailure: ReturnType<Health['status']> | undefined;

  /** `claimsDeliveries`: false for manual attempts only; pending deliveries are left to the daemon. */
  constructor(config: ChannelConfig, deps: LaneDeps, claimsDeliveries = true) {
    this.name = config.name;
    this.#claimsDeliveries = claimsDeliveries;
    this.#deps = deps;
    this.#config = config;
    this.#notifier = new LazyNotifier(() => deps.open(config), config.settings);
    this.#health = new Health(config.name, deps, () => this.wake());
    const own = { health: this.#health, inFlight: this.#inFlight, channel: config.name, onAnswer: () => this.wake() };
    const wanted = (): number => this.#manualQueue.size + (claimsDeliveries ? dueNow(config.name, deps) : 0);
    this.#admission = new Admission(config.policy, { ...own, wanted, clock: deps.clock, rates: deps.store.rates });
    this.#wakeTimer = new WakeTimer(deps.clock, () => this.wake());
    this.#clockEffects = new ClockEffects({ clock: deps.clock, inFlight: this.#inFlight, wake: () => this.wake() });
  }

  /** Begins once `before` has resolved and the stored holds and cooldowns are loaded, so that no attempt ignores them. */
  async start(before: Promise<void>): Promise<void> {
    await Promise.all([before, this.#health.load(this.#config.fingerprint)]);
    this.#isLoaded = true;
    this.#clockEffects.started(this.#deps.store.deliveries.nextDue(this.name), this.#policy);
    this.wake();
  }

  /** Applies an edited configuration. New attempts use a new notifier; the old one closes when its attempts have ended. Deliveries that wait for a retry are due now. */
  async reconfigure(config: ChannelConfig): Promise<void> {
    const before = this.#config;
    this.#config = config;
    this.#admission.reconfigure(config.policy);
    if (before.fingerprint !== config.fingerprint) {
      const old = this.#notifier;
      this.#notifier = new LazyNotifier(() => this.#deps.open(config), config.settings);
      void old.retire(this.#deps.log);
      await this.#health.reset();
      await this.#health.retryNow();
    }
    this.wake();
  }

  /** Takes the holds and cooldowns that another instance has stored. */
  async loadAgain(): Promise<void> {
    await this.#health.load(this.#config.fingerprint);
    this.wake();
  }

  wake(): void {
    if (this.#isLoaded && !this.#isEnded) this.#loop.wake();
  }

  hold(request: HoldRequest): Promise<ManualHold> {
    return this.#health.holds.hold(request);
  }

  async release(by?: string): Promise<void> {
    await this.#health.holds.release(by);
    this.wake();
  }

  status(): LaneStatus {
    const counts = this.#deps.store.deliveries.counts().byChannel.get(this.name) ?? { pending: 0, sending: 0 };
    return laneStatus(this.#config, this.#storeFailure ?? this.#health.status(this.#policy.paused), counts);
  }

  /** Breaker and rate limit. */
  pacing(): LanePacing {
    return { breaker: this.#health.breaker, rate: this.#admission.rate };
  }

  /** Earliest time of the next attempt, milliseconds since the epoch; undefined while the lane is held. */
  notBefore(): number | undefined {
    const { wait } = this.#admission;
    return wait === undefined ? undefined : this.#deps.clock.now() + wait;
  }

  /**
   * Makes one manual attempt (a resend or a test) within rate, concurrency and cooldown, even while the lane is held. A success
   * ends `misconfigured`. `signal` ends the wait in the queue; an attempt that has begun is never aborted by it.
   */
  async attemptManually(delivery: Delivery, signal?: AbortSignal): Promise<ManualResult> {
    if (this.#isEnded) return { kind: 'killed' };
    let result: Promise<ManualResult> = Promise.resolve({ kind: 'killed' });
    const turn = this.#manualQueue.wait(() => {
      result = this.#inFlight.track(this.#sendManually(delivery));
    }, signal);
    this.wake();
    await turn;
    return result;
  }

  /** Begins no more attempts. Resolves when the running ones have ended, which `killed` enforces, and the notifier is closed. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#wakeTimer.cancel();
    this.#manualQueue.refuseAll();
    while (!this.#inFlight.isEmpty || this.#loop.running)
      await Promise.all([this.#inFlight.idle(), this.#loop.running]);
    this.#health.close();
    const closed = new AbortController();
    const closing = this.#notifier.retire(this.#deps.log).finally(() => closed.abort());
    await Promise.race([closing, pause(this.#deps.clock, CLOSE_TIMEOUT_MS, closed.signal)]);
  }

  async #runRound(): Promise<void> {
    this.#wakeTimer.cancel();
    if (this.#clockEffects.takeRetriesDue()) await this.#health.retryNow();
    if (this.#claimsDeliveries) await this.#endExpired();
    while (!this.#isEnded && (await this.#beginNext()));
  }

  /** Ends deliveries whose time is over, also while the lane is held. */
  async #endExpired(): Promise<void> {
    const { store, clock } = this.#deps;
    while (this.#inFlight.writesLeft > 0 && !this.#isEnded) {
      const now = clock.now();
      if ((store.deliveries.nextExpiry(this.name) ?? Number.POSITIVE_INFINITY) > now) return;
      const limit = Math.min(CLAIM_BATCH, this.#inFlight.writesLeft);
      const expired = await store.deliveries.claimExpired(this.name, { limit, now });
      for (const delivery of expired) this.#deadLetter(delivery, expiryReason(delivery, now));
    }
  }

  /** Begins the next work; false when there is none, or none may begin. */
  async #beginNext(): Promise<boolean> {
    if (this.#isManualTurn && this.#beginManual()) {
      this.#isManualTurn = false;
      return true;
    }
    const claimable = this.#claimsDeliveries ? this.#admission.claimable : 0;
    const claimed = await this.#claim(this.#manualQueue.isWaiting ? Math.min(1, claimable) : claimable);
    if (claimed === 0) return this.#beginManual();
    this.#isManualTurn = true;
    return true;
  }

  #beginManual(): boolean {
    if (!this.#manualQueue.isWaiting || !this.#admission.mayBeginManual) return false;
    this.#admission.take();
    this.#manualQueue.startNext();
    return true;
  }

  /** Claims and dispatches deliveries; releases those that a hold or a stop forbids meanwhile. Returns the number of dispatched ones. */
  async #claim(limit: number): Promise<number> {
    if (limit <= 0) return 0;
    const { deliveries } = this.#deps.store;
    const now = this.#deps.clock.now();
    const claimed = await deliveries.claim(this.name, { limit, now, ordered: this.#policy.order === 'key' });
    for (const [index, delivery] of claimed.entries()) {
      if (this.#isEnded || this.#admission.claimable <= 0) {
        deliveries.release(claimed.slice(index).map(({ id }) => id));
        return index;
      }
      this.#dispatch(delivery);
    }
    return claimed.length;
  }

  #dispatch(delivery: Delivery): void {
    const isProbe = this.#health.isFailing;
    const reason = reasonNotToSend(delivery, {
      now: this.#deps.clock.now(),
      isPoison: this.#deps.marks?.isPoison(delivery.id) === true,
      giveUpAfter: isProbe ? this.#clockEffects.policyFor(delivery, this.#policy).giveUpAfter : undefined,
    });
    if (reason !== undefined) return this.#deadLetter(delivery, reason);
    if (isProbe) this.#admission.isProbing = true;
    this.#admission.take();
    const work = this.#send(delivery, isProbe).finally(() => {
      if (isProbe) this.#admission.isProbing = false;
    });
    this.#track(delivery, work);
  }

  #deadLetter(delivery: Delivery, reason: DeadReason): void {
    this.#track(delivery, deadLetter(delivery, undefined, reason, this.#policy.fallback, this.#deps));
  }

  /** Counts work as in flight until it has ended. An error in it is an internal error of the lane. */
  #track(delivery: Delivery, work: Promise<void>): void {
    const onError = (error: unknown): void => {
      this.#onInternalError(error, delivery);
      if (this.#storeFailure === undefined) this.#deps.store.deliveries.release([delivery.id]);
    };
    void this.#inFlight.track(work.catch(onError));
  }

  async #send(delivery: Delivery, isProbe: boolean): Promise<void> {
    const { store, clock, random } = this.#deps;
    const ended = await this.#attempt(delivery);
    const { outcome, record, exchange } = ended;
    const policy = this.#clockEffects.policyFor(delivery, this.#policy);
    if (outcome.kind === 'killed') return store.deliveries.release([delivery.id]);
    // An attempt that fails while the breaker is open uses up no attempt of its delivery, whichever delivery opened it.
    const probe = isProbe || (this.#health.isFailing && outcome.kind === 'failed');
    const judgement = judge({ delivery, outcome, policy, now: clock.now(), random, probe });
    const retriesDue = await this.#record(delivery, ended, isProbe ? 'probe' : 'regular');
    const attempt = probe && record.class !== undefined ? { ...record, probe: true } : record;
    const made = { attempt, ...(exchange !== undefined && { exchange }) };
    if (judgement.kind === 'dead') await deadLetter(delivery, made, judgement, policy.fallback, this.#deps);
    else await settle(delivery, made, judgement, this.#deps);
    if (retriesDue) await this.#health.retryNow();
  }

  async #sendManually(delivery: Delivery): Promise<ManualResult> {
    const ended = await this.#attempt(delivery);
    const { outcome, record, exchange } = ended;
    if (outcome.kind === 'killed') return outcome;
    if (await this.#record(delivery, ended, 'manual')) await this.#health.retryNow();
    return manualResult(outcome, record, exchange);
  }

  #attempt(delivery: Delivery): Promise<EndedAttempt> {
    const { marks } = this.#deps;
    const make = (onSent?: () => void): Promise<EndedAttempt> =>
      makeAttempt(delivery, this.#config, this.#notifier, onSent ? { ...this.#deps, onSent } : this.#deps);
    return this.#inFlight.trackAttempt(marks?.isMarking === true ? marks.run(delivery.id, make) : make());
  }

  /** Records an outcome in the channel's health, unless its settings are no longer in force. The next attempt may begin before this one is stored. */
  #record(delivery: Delivery, { outcome, fingerprint }: EndedAttempt, kind: AttemptResult['kind']): Promise<boolean> {
    if (outcome.kind === 'killed' || fingerprint !== this.#config.fingerprint) return Promise.resolve(false);
    const recorded = this.#health.record({ delivery, outcome, kind, fingerprint });
    this.wake();
    return recorded;
  }

  /** Ends the lane if the store has failed, since no result could be stored. Otherwise begins a cooldown; claimed deliveries stay pending. */
  #onInternalError(error: unknown, delivery?: Delivery): void {
    const { message, stack } = error as Error;
    const isCoded = error instanceof BelfryError;
    const isFatal = isCoded && (error.exit === EXIT.disk || error.code === 'store.malformed');
    this.#deps.log.error(
      { ...(delivery && { delivery: delivery.id }), error: message, ...(!isCoded && { stack }) },
      `${this.name}: ${isFatal ? 'nothing can be stored; nothing more is sent' : 'internal error; nothing is sent for a minute'}`,
    );
    if (isFatal) {
      this.#storeFailure ??= { state: 'failing', reason: message };
      this.#isEnded = true;
    } else this.#health.coolDown(ERROR_COOLDOWN_MS, `internal error: ${message}`);
  }

  /** Sets the next time at which there may be work. In-flight work wakes the lane when it settles. */
  #setWakeTimer(): void {
    if (this.#isEnded) return this.#wakeTimer.cancel();
    const { store, clock } = this.#deps;
    const now = clock.now();
    const due = this.#claimsDeliveries ? store.deliveries.nextDue(this.name) : undefined;
    const expiry = this.#claimsDeliveries ? store.deliveries.nextExpiry(this.name) : undefined;
    const waits = [
      expiry !== undefined && this.#inFlight.writesLeft > 0 ? expiry - now : undefined,
      this.#manualQueue.isWaiting ? this.#admission.waitForManual : undefined,
      due === undefined ? undefined : this.#admission.waitForDelivery(due - now),
    ];
    this.#wakeTimer.set(waits.filter((wait) => wait !== undefined));
  }

  get #policy(): DeliveryPolicy {
    return this.#config.policy;
  }
}
