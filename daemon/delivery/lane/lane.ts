import { type DeadReason, EXPIRED, GAVE_UP, isExpired, UNACKNOWLEDGED } from '../../core/delivery/dead-reason.ts';
import type { Delivery, DeliveryPolicy } from '../../core/delivery/delivery.ts';
import { judge } from '../../core/delivery/judge.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import { pause } from '../../lib/time/clock.ts';
import { Alarm } from './wake-timer.ts';
import { ByHand } from '../manual/queue.ts';
import { type DirectResult, directResult } from '../manual/attempt.ts';
import { Flights } from './in-flight.ts';
import { bury } from '../dead-letters/dead-letter.ts';
import { Health, type Lesson } from './health.ts';
import { type LaneParts, type LaneStatus, reportTrouble, statusOf } from './deps.ts';
import { OpenNotifier } from './lazy-notifier.ts';
import { Pump } from './run-loop.ts';
import { RateLimit } from './rate.ts';
import { settle } from './settle.ts';
import { type Trial, tryOnce } from './timed-attempt.ts';

const CLAIMED_AT_ONCE = 64;
/** After trouble of our own: long enough not to spin, short enough not to be an outage. */
const AFTER_TROUBLE = 60_000;
/** For a notifier to close its connections while the daemon stops. */
const CLOSING = 2000;

/**
 * One channel's way out. It claims what is due while nothing holds it, and sends as many at once as its policy says:
 *
 *   open    -> attempts go, as rate and concurrency allow
 *   failing -> the breaker is open: one probe at a time goes, nothing else
 *   held    -> paused in the rules, by a person, or misconfigured: nothing goes, only what expires ends
 *   ended   -> stopped, broken, or its channel is no longer configured: nothing begins any more
 *
 * Whatever changes calls `wake`, and one pump at a time does what may be done and sets the alarm for the rest.
 */
export class Lane {
  readonly name: string;
  readonly #parts: LaneParts;
  readonly #claims: boolean;
  readonly #health: Health;
  readonly #flights = new Flights(() => this.wake());
  readonly #alarm: Alarm;
  readonly #pump = new Pump({
    round: () => this.#round(),
    failed: (error) => this.#trouble(error),
    quiet: () => this.#setAlarm(),
  });
  readonly #byHand = new ByHand();
  #config: ChannelConfig;
  #notifier: OpenNotifier;
  #limit: RateLimit;
  /** Live deliveries and those by hand take turns, so that neither starves the other. */
  #handsTurn = true;
  #probing = false;
  #ready = false;
  #ended = false;
  #broken: ReturnType<Health['status']> | undefined;

  /** `claims`: whether it sends what is owed, besides what is sent by hand. */
  constructor(config: ChannelConfig, parts: LaneParts, claims = true) {
    this.name = config.name;
    this.#claims = claims;
    this.#parts = parts;
    this.#config = config;
    this.#notifier = new OpenNotifier(() => parts.open(config));
    this.#limit = new RateLimit(config.policy.rate);
    this.#health = new Health(config.name, parts, () => this.wake());
    this.#alarm = new Alarm(parts.clock, () => this.wake());
  }

  get #policy(): DeliveryPolicy {
    return this.#config.policy;
  }

  /** Reads what it remembers, then begins: a hold that outlived a restart must not come too late. */
  async start(before: Promise<void>): Promise<void> {
    await Promise.all([before, this.#health.load(this.#config.fingerprint)]);
    this.#ready = true;
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
      await this.#health.hasten();
    }
    this.wake();
  }

  wake(): void {
    if (this.#ready && !this.#ended) this.#pump.wake();
  }

  async hold(): Promise<void> {
    await this.#health.holds.holdByHand();
  }

  async release(): Promise<void> {
    await this.#health.holds.releaseByHand();
    this.wake();
  }

  status(): LaneStatus {
    const counts = this.#parts.store.deliveries.counts().byChannel.get(this.name) ?? { pending: 0, sending: 0 };
    return statusOf(this.#config, this.#broken ?? this.#health.status(this.#policy.paused), counts);
  }

  /** When the next attempt may begin, milliseconds since the epoch; undefined while the lane is held. */
  notBefore(): number | undefined {
    const wait = this.#health.wait(this.#policy.paused);
    return wait === undefined ? undefined : this.#parts.clock.now() + Math.max(wait, this.#limitWait());
  }

  /**
   * One attempt by hand, within rate and concurrency and the far side's patience, past every hold: a resend or a test. A success
   * lifts `misconfigured`. `signal` ends the waiting; an attempt that has begun ends by itself, since half of one tells nothing.
   */
  async direct(delivery: Delivery, signal?: AbortSignal): Promise<DirectResult> {
    if (this.#ended) return { kind: 'killed' };
    let result: Promise<DirectResult> = Promise.resolve({ kind: 'killed' });
    const turn = this.#byHand.wait(() => {
      result = this.#flights.add(this.#sendByHand(delivery));
    }, signal);
    this.wake();
    await turn;
    return result;
  }

  /** Begins nothing more. Resolves when what is on its way has ended, which `killed` brings about, and the notifier is closed. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#alarm.cancel();
    this.#byHand.refuseAll();
    while (!this.#flights.empty || this.#pump.running) await Promise.all([this.#flights.ended(), this.#pump.running]);
    this.#health.close();
    const closed = new AbortController();
    const closing = this.#notifier.retire(this.#parts.log).finally(() => closed.abort());
    await Promise.race([closing, pause(this.#parts.clock, CLOSING, closed.signal)]);
  }

  async #round(): Promise<void> {
    this.#alarm.cancel();
    if (this.#alarm.wentBack()) await this.#health.hasten();
    if (this.#claims) await this.#endExpired();
    while (!this.#ended && (await this.#next()));
  }

  /** Begins what is next; false: nothing may, or nothing is there. */
  async #next(): Promise<boolean> {
    if (this.#handsTurn && this.#startByHand()) {
      this.#handsTurn = false;
      return true;
    }
    const claimed = await this.#claim(this.#byHand.waiting ? Math.min(1, this.#claimable()) : this.#claimable());
    if (claimed === 0) return this.#startByHand();
    this.#handsTurn = true;
    return true;
  }

  #startByHand(): boolean {
    if (!this.#byHand.waiting || this.#room() <= 0 || this.#limitWait() > 0 || this.#health.patience > 0) return false;
    this.#limit.take(this.#parts.clock.monotonic());
    this.#byHand.next();
    return true;
  }

  /** Claims and sends; what a hold or a stop overtook in between is given back. Returns how many were dealt with. */
  async #claim(limit: number): Promise<number> {
    if (limit <= 0) return 0;
    const { deliveries } = this.#parts.store;
    const now = this.#parts.clock.now();
    const claimed = await deliveries.claim(this.name, { limit, now, ordered: this.#policy.order === 'key' });
    for (const [index, delivery] of claimed.entries()) {
      if (this.#ended || this.#claimable() <= 0) {
        deliveries.release(claimed.slice(index).map(({ id }) => id));
        return index;
      }
      this.#dispatch(delivery);
    }
    return claimed.length;
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
    return this.#flights.room(this.#policy.concurrency);
  }

  #limitWait(): number {
    return this.#limit.wait(this.#parts.clock.monotonic());
  }

  #dispatch(delivery: Delivery): void {
    const now = this.#parts.clock.now();
    if (isExpired(delivery, now)) return this.#bury(delivery, EXPIRED);
    const probe = this.#health.failing;
    if (probe && now >= delivery.createdAt + this.#policy.giveUpAfter) return this.#bury(delivery, GAVE_UP);
    if (probe) this.#probing = true;
    this.#limit.take(this.#parts.clock.monotonic());
    const flight = this.#send(delivery, probe).finally(() => {
      if (probe) this.#probing = false;
    });
    this.#begin(delivery, flight);
  }

  /** Counts as on its way until it has ended; what goes wrong then is the lane's trouble. */
  #begin(delivery: Delivery, flight: Promise<void>): void {
    const failed = (error: unknown): void => {
      this.#trouble(error, delivery);
      if (this.#broken === undefined) this.#parts.store.deliveries.release([delivery.id]);
    };
    void this.#flights.add(flight.catch(failed));
  }

  async #send(delivery: Delivery, probe: boolean): Promise<void> {
    const { store, clock, random } = this.#parts;
    const trial = await this.#try(delivery);
    const { outcome, record } = trial;
    if (outcome.kind === 'killed') return store.deliveries.release([delivery.id]);
    // What fails while the breaker is open waits with the others, whoever opened it.
    const free = probe || (this.#health.failing && outcome.kind === 'failed');
    const verdict = judge({ delivery, outcome, policy: this.#policy, now: clock.now(), random, probe: free });
    const changed = await this.#learn(delivery, trial, probe ? 'probe' : 'in turn');
    const written = free && record.class !== undefined ? { ...record, probe: true } : record;
    if (verdict.kind === 'dead')
      await bury(delivery, written, { class: verdict.class, error: verdict.error }, this.#policy.fallback, this.#parts);
    else await settle(delivery, written, verdict, this.#parts);
    if (changed) await this.#health.hasten();
  }

  async #sendByHand(delivery: Delivery): Promise<DirectResult> {
    const trial = await this.#try(delivery);
    const { outcome, record } = trial;
    if (outcome.kind === 'killed') return outcome;
    if (await this.#learn(delivery, trial, 'by hand')) await this.#health.hasten();
    return directResult(outcome, record);
  }

  #try(delivery: Delivery): Promise<Trial> {
    return this.#flights.sending(tryOnce(delivery, this.#config, this.#notifier, this.#parts));
  }

  /** What was tried with settings that are no longer in force says nothing about the present ones. The next attempt may go before this one is written down. */
  #learn(delivery: Delivery, { outcome, fingerprint }: Trial, kind: Lesson['kind']): Promise<boolean> {
    if (outcome.kind === 'killed' || fingerprint !== this.#config.fingerprint) return Promise.resolve(false);
    const learnt = this.#health.learn({ delivery, outcome, kind, fingerprint });
    this.wake();
    return learnt;
  }

  #bury(delivery: Delivery, end: DeadReason): void {
    this.#begin(delivery, bury(delivery, undefined, end, this.#policy.fallback, this.#parts));
  }

  /** Also while held: what is of no use any more must not lie in wait. */
  async #endExpired(): Promise<void> {
    const { store, clock } = this.#parts;
    while (this.#flights.unwritten > 0 && !this.#ended) {
      const now = clock.now();
      if ((store.deliveries.nextExpiry(this.name) ?? Number.POSITIVE_INFINITY) > now) return;
      const limit = Math.min(CLAIMED_AT_ONCE, this.#flights.unwritten);
      const expired = await store.deliveries.claimExpired(this.name, { limit, now });
      for (const delivery of expired) this.#bury(delivery, isExpired(delivery, now) ? EXPIRED : UNACKNOWLEDGED);
    }
  }

  /** Once the disk has failed nothing can be promised, so the lane ends. After anything else it goes on, in a while; what it had claimed stays owed. */
  #trouble(error: unknown, delivery?: Delivery): void {
    const { message } = error as Error;
    if (reportTrouble(this.#parts.log, this.name, error, delivery)) {
      this.#broken ??= { state: 'failing', reason: message };
      this.#ended = true;
    } else this.#health.rest(AFTER_TROUBLE, `trouble of our own: ${message}`);
  }

  /** The next moment at which there may be something to do. What flies wakes the lane when it lands. */
  #setAlarm(): void {
    if (this.#ended) return this.#alarm.cancel();
    const { store, clock } = this.#parts;
    const now = clock.now();
    const waits: number[] = [];
    const due = this.#claims ? store.deliveries.nextDue(this.name) : undefined;
    const expiry = this.#claims ? store.deliveries.nextExpiry(this.name) : undefined;
    const held = this.#health.wait(this.#policy.paused);
    const full = this.#room() <= 0;
    if (expiry !== undefined && this.#flights.unwritten > 0) waits.push(expiry - now);
    if (this.#byHand.waiting && !full) waits.push(Math.max(this.#limitWait(), this.#health.patience));
    if (due !== undefined && held !== undefined && !full && !this.#probing)
      waits.push(Math.max(due - now, this.#limitWait(), held));
    this.#alarm.set(waits);
  }
}
