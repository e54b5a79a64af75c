import type { Delivery } from '../core/delivery.ts';
import { OWN_SOURCE } from '../core/event.ts';
import type { SendFailure } from '../core/failure.ts';
import { LONGEST_RETRY_AFTER, type Outcome } from '../core/judge.ts';
import { ownEvents } from '../core/own-events.ts';
import { Breaker } from './breaker.ts';
import { Holds } from './holds.ts';
import type { LaneParts, LaneState } from './lane-parts.ts';

/** What a provider that limits us and does not say for how long is given, milliseconds. */
const DEFAULT_PATIENCE = 60_000;

/** How a channel is, learnt from what became of its attempts: refused credentials, a far side that is down, one that asks for patience. */
export class Health {
  readonly holds: Holds;
  readonly #name: string;
  readonly #parts: LaneParts;
  readonly #breaker = new Breaker();
  #patienceUntil = 0;
  #trouble: string | undefined;

  constructor(name: string, parts: LaneParts) {
    this.#name = name;
    this.#parts = parts;
    this.holds = new Holds(name, parts.store.marks, parts.clock);
  }

  load(fingerprint: string): Promise<void> {
    return this.holds.load(fingerprint);
  }

  /** The breaker is open: probes only. */
  get failing(): boolean {
    return this.#breaker.open;
  }

  /** Milliseconds until the next attempt or probe may go; undefined while the lane is held. */
  wait(paused: boolean): number | undefined {
    const { clock } = this.#parts;
    if (this.holds.state(paused) !== undefined) return undefined;
    const probe = this.#breaker.probeAt === undefined ? 0 : this.#breaker.probeAt - clock.monotonic();
    return Math.max(0, this.#patienceUntil - clock.monotonic(), probe);
  }

  status(paused: boolean): { readonly state: LaneState; readonly reason: string | undefined } {
    const held = this.holds.state(paused);
    if (held !== undefined) return { state: held, reason: this.holds.reason(paused) };
    return this.failing ? { state: 'failing', reason: this.#trouble } : { state: 'ok', reason: undefined };
  }

  /** Other settings, or a person said so: what was learnt no longer counts. */
  async beginAnew(): Promise<void> {
    this.#breaker.succeeded();
    this.#patienceUntil = 0;
    await this.holds.trusted();
  }

  /** What an outcome says of the channel as a whole. */
  async learn(delivery: Delivery, outcome: Outcome, probe: boolean, fingerprint: string): Promise<void> {
    // About its own events it is silent: a notice that fails would raise the next one.
    const told = delivery.event.source !== OWN_SOURCE;
    if (outcome.kind === 'delivered' || outcome.kind === 'handover') {
      await this.holds.trusted();
      return this.#answered(told);
    }
    if (outcome.kind !== 'failed') return;
    const { failure } = outcome;
    if (failure.detail.misconfigured) return this.#misconfigured(failure, fingerprint, told);
    if (failure.detail.rateLimited) return this.#patience(failure);
    if (failure.class !== 'permanent') return this.#failed(failure, probe, told);
    // Somebody answered, if only to refuse this message.
    return this.#answered(told);
  }

  #patience({ detail }: SendFailure): void {
    this.#patienceUntil =
      this.#parts.clock.monotonic() + Math.min(detail.retryAfter ?? DEFAULT_PATIENCE, LONGEST_RETRY_AFTER);
  }

  async #failed(failure: SendFailure, probe: boolean, told: boolean): Promise<void> {
    const { store, clock, log, notices } = this.#parts;
    this.#trouble = `${failure.message} (${failure.code})`;
    const patience = Math.min(failure.detail.retryAfter ?? 0, LONGEST_RETRY_AFTER);
    if (!this.#breaker.failed(clock.monotonic(), probe, patience)) return;
    log.warn(
      { code: failure.code, error: failure.message },
      `${this.#name}: keeps failing; deliveries wait while one of them probes`,
    );
    if (told) notices(ownEvents.channelFailing({ channel: this.#name, code: failure.code, message: failure.message }));
    await store.deliveries.hasten(this.#name, clock.now());
  }

  async #answered(told: boolean): Promise<void> {
    if (!this.#breaker.succeeded()) return;
    const { store, clock, log, notices } = this.#parts;
    log.info(`${this.#name}: recovered; all that waited goes now`);
    if (told) notices(ownEvents.channelRecovered({ channel: this.#name }));
    await store.deliveries.hasten(this.#name, clock.now());
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
