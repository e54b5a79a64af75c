import type { Delivery } from '../../core/delivery/delivery.ts';
import { OWN_SOURCE } from '../../core/event/event.ts';
import type { SendFailure } from '../../core/problems/failure.ts';
import { LONGEST_RETRY_AFTER, type Outcome, restAfter } from '../../core/delivery/judge.ts';
import { ownEvents } from '../../core/event/own-events.ts';
import { Breaker } from './breaker.ts';
import { Holds } from './holds.ts';
import type { HealthStatus, LaneParts } from './deps.ts';
import { persist } from '../retry-disk-full.ts';
import { Rest } from './cooldown.ts';
import { TcpCheck } from './tcp-check.ts';

/** One outcome, and the settings that it was made with. */
export interface Lesson {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly kind: 'in turn' | 'probe' | 'by hand';
  readonly fingerprint: string;
}

/** How a channel is, learnt from what became of its attempts: refused credentials, a far side that is down, one that asks for patience. */
export class Health {
  readonly holds: Holds;
  readonly #name: string;
  readonly #parts: LaneParts;
  readonly #breaker = new Breaker();
  readonly #check: TcpCheck;
  readonly #rest: Rest;
  #trouble: string | undefined;
  /** Whether it was told that the channel is failing, so that it is told when it recovers. */
  #announced = false;

  /** `wake` is called when the next probe may go sooner than was said. */
  constructor(name: string, parts: LaneParts, wake: () => void) {
    this.#name = name;
    this.#parts = parts;
    this.holds = new Holds(name, parts);
    this.#rest = new Rest(name, parts);
    const listens = (): void => {
      this.#breaker.hasten(parts.clock.monotonic());
      wake();
    };
    this.#check = new TcpCheck({ clock: parts.clock, random: parts.random, listens });
  }

  async load(fingerprint: string): Promise<void> {
    await Promise.all([this.holds.load(fingerprint), this.#rest.load(fingerprint, LONGEST_RETRY_AFTER)]);
  }

  /** Learns nothing more by itself. */
  close(): void {
    this.#check.stop();
  }

  /** The breaker is open: probes only. */
  get failing(): boolean {
    return this.#breaker.open;
  }

  /** Milliseconds until the next attempt or probe may go; undefined while the lane is held. */
  wait(paused: boolean): number | undefined {
    if (this.holds.state(paused) !== undefined) return undefined;
    const probe = this.#breaker.probeAt === undefined ? 0 : this.#breaker.probeAt - this.#parts.clock.monotonic();
    return Math.max(this.patience, probe);
  }

  /** Milliseconds that the far side has asked for, or that we need ourselves; attempts by hand keep to it, too. */
  get patience(): number {
    return this.#rest.left;
  }

  /** Nothing goes for so many milliseconds, or until the next start. */
  rest(ms: number, reason: string): void {
    this.#rest.begin(ms, reason);
  }

  status(paused: boolean): HealthStatus {
    const held = this.holds.state(paused);
    if (held !== undefined) return { state: held, reason: this.holds.reason(paused) };
    const rest = this.#rest.present;
    if (rest !== undefined) {
      const reason = `resting until ${new Date(rest.until).toISOString()}: ${rest.reason}`;
      return { state: 'failing', reason, restingUntil: rest.until };
    }
    return this.failing ? { state: 'failing', reason: this.#trouble } : { state: 'ok', reason: undefined };
  }

  /** What waits for a retry is due now. */
  hasten(): Promise<void> {
    const { store, clock, killed } = this.#parts;
    return persist(clock, killed, () => store.deliveries.retryNow(this.#name, clock.now()));
  }

  /** Other settings: what was learnt no longer counts. */
  async beginAnew(): Promise<void> {
    this.#breaker.succeeded();
    this.#check.stop();
    this.#announced = false;
    await Promise.all([this.#rest.end(), this.holds.trusted()]);
  }

  /**
   * What an outcome says of the channel as a whole. Memory has changed when this returns its promise. true: what waits for a
   * retry waits no longer by its schedule, to be told to the store once the delivery itself is settled.
   */
  async learn(lesson: Lesson): Promise<boolean> {
    const { delivery, outcome, fingerprint } = lesson;
    // About its own events it is silent: a notice that fails would raise the next one.
    const told = delivery.event.source !== OWN_SOURCE;
    if (outcome.kind === 'delivered' || outcome.kind === 'handover') {
      const closed = this.#answered();
      if (lesson.kind === 'by hand' && (await this.holds.trusted())) this.#recovered(true);
      return closed;
    }
    if (outcome.kind !== 'failed') return false;
    const { failure } = outcome;
    if (failure.detail.misconfigured) {
      await this.#misconfigured(failure, fingerprint, told);
      return false;
    }
    if (failure.detail.rateLimited) {
      await this.#rest.beginKept(restAfter(failure), `${failure.message} (${failure.code})`, fingerprint);
      return false;
    }
    if (failure.class !== 'permanent') return this.#failed(failure, lesson.kind === 'probe', told);
    // Somebody answered, if only to refuse this message.
    return this.#answered();
  }

  #failed(failure: SendFailure, probe: boolean, told: boolean): boolean {
    const { clock, log, notices } = this.#parts;
    this.#trouble = `${failure.message} (${failure.code})`;
    const { refusedAt = [] } = failure.detail;
    const opens = this.#breaker.failed(clock.monotonic(), probe, restAfter(failure));
    if (!this.failing) return false;
    if (refusedAt.length > 0) this.#check.watch(refusedAt);
    else this.#check.stop();
    if (opens)
      log.warn(
        { code: failure.code, error: failure.message },
        `${this.#name}: keeps failing; deliveries wait while one of them probes`,
      );
    if (told && !this.#announced) {
      this.#announced = true;
      notices(ownEvents.channelFailing({ channel: this.#name, code: failure.code, message: failure.message }));
    }
    return opens;
  }

  #answered(): boolean {
    const closed = this.#breaker.succeeded();
    this.#check.stop();
    if (closed) this.#recovered(this.#announced);
    this.#announced = false;
    return closed;
  }

  #recovered(told: boolean): void {
    this.#parts.log.info(`${this.#name}: recovered; all that waited goes now`);
    if (told) this.#parts.notices(ownEvents.channelRecovered({ channel: this.#name }));
  }

  async #misconfigured(failure: SendFailure, fingerprint: string, told: boolean): Promise<void> {
    const { log, notices } = this.#parts;
    if (!(await this.holds.refused(failure.code, failure.message, fingerprint))) return;
    log.error(
      { code: failure.code, error: failure.message },
      `${this.#name}: misconfigured; its deliveries are held until its settings change or a test succeeds`,
    );
    if (told)
      notices(ownEvents.channelMisconfigured({ channel: this.#name, code: failure.code, message: failure.message }));
  }
}
