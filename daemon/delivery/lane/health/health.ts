import type { Delivery } from '../../../core/delivery/delivery.ts';
import { MAX_RETRY_AFTER_MS, type Outcome, pauseAfter } from '../../../core/delivery/judge.ts';
import { OWN_SOURCE } from '../../../core/event/event.ts';
import { ownEvents } from '../../../core/event/own-events.ts';
import type { SendFailure } from '../../../core/problems/failure.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import { retryWhileDiskFull } from '../../retry-disk-full.ts';
import { Breaker } from './breaker.ts';
import { Cooldown } from './cooldown.ts';
import type { HealthStatus, LaneDeps, LanePacing } from '../deps.ts';
import { Holds } from './holds.ts';
import { ReportedFault } from './reported-fault.ts';
import { TcpCheck } from './tcp-check.ts';

/** Outcome of one attempt, with the fingerprint of the settings that it used. */
export interface AttemptResult {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly kind: 'regular' | 'probe' | 'manual';
  readonly fingerprint: string;
}

/** Health of a channel by the outcomes of its attempts: refused credentials, a remote server that is down or limits the rate. */
export class Health {
  readonly holds: Holds;
  readonly #name: string;
  readonly #deps: LaneDeps;
  readonly #breaker = new Breaker();
  readonly #tcpCheck: TcpCheck;
  readonly #cooldown: Cooldown;
  #lastFailure: string | undefined;
  /** Time at which the breaker opened, RFC 3339. */
  #failingSince = '';
  readonly #fault: ReportedFault;

  /** `onMaySend` is called when the next probe may be made before its wait is over, and when a hold has ended by itself. */
  constructor(name: string, deps: LaneDeps, onMaySend: () => void) {
    this.#name = name;
    this.#deps = deps;
    this.holds = new Holds(name, deps, onMaySend);
    this.#cooldown = new Cooldown(name, deps);
    this.#fault = new ReportedFault(name, deps);
    const onListening = (): void => {
      this.#breaker.probeNow(deps.clock.monotonic());
      onMaySend();
    };
    this.#tcpCheck = new TcpCheck({ clock: deps.clock, random: deps.random, onListening });
  }

  async load(fingerprint: string): Promise<void> {
    const cooldown = this.#cooldown.load(fingerprint, MAX_RETRY_AFTER_MS);
    await Promise.all([this.holds.load(fingerprint), cooldown, this.#fault.load()]);
  }

  /** Ends the checks and timers in the background. */
  close(): void {
    this.#tcpCheck.stop();
    this.holds.close();
  }

  /** Whether the breaker is open: only probes are made. */
  get isFailing(): boolean {
    return this.#breaker.isOpen;
  }

  get breaker(): LanePacing['breaker'] {
    const { isOpen, failures, probeAt } = this.#breaker;
    const { clock } = this.#deps;
    return { isOpen, failures, ...(probeAt !== undefined && { probeAt: clock.now() + probeAt - clock.monotonic() }) };
  }

  /** Milliseconds until the next attempt or probe may be made; undefined while the lane is held. */
  wait(isPaused: boolean): number | undefined {
    if (this.holds.status(isPaused) !== undefined) return undefined;
    const probe = this.#breaker.probeAt === undefined ? 0 : this.#breaker.probeAt - this.#deps.clock.monotonic();
    return Math.max(this.cooldownLeft, probe);
  }

  /** Milliseconds until the cooldown ends. Manual attempts wait for it, too. */
  get cooldownLeft(): number {
    return this.#cooldown.left;
  }

  /** Sends nothing for `ms` milliseconds, or until a restart. */
  coolDown(ms: number, reason: string): void {
    this.#cooldown.begin(ms, reason);
  }

  status(isPaused: boolean): HealthStatus {
    const held = this.holds.status(isPaused);
    if (held !== undefined) return held;
    const cooldown = this.#cooldown.current;
    if (cooldown !== undefined) {
      const reason = `resting until ${new Date(cooldown.until).toISOString()}: ${cooldown.reason}`;
      return { state: 'failing', reason, cooldownUntil: cooldown.until };
    }
    if (!this.isFailing) return { state: 'ok', reason: undefined };
    return { state: 'failing', reason: this.#lastFailure, since: this.#failingSince };
  }

  /** Makes every delivery that waits for a retry due now. */
  retryNow(): Promise<void> {
    const { store, clock, killed } = this.#deps;
    return retryWhileDiskFull(clock, killed, () => store.deliveries.retryNow(this.#name, clock.now()));
  }

  /** Forgets everything that was recorded with other settings. A reported failure is kept, so that its end is reported too. */
  async reset(): Promise<void> {
    this.#breaker.succeeded();
    this.#tcpCheck.stop();
    await Promise.all([this.#cooldown.end(), this.holds.credentialsAccepted()]);
  }

  /**
   * Applies an outcome to the health of the channel, in memory before this returns its promise. Resolves to true if deliveries
   * that wait for a retry are due now: call `retryNow` once the delivery itself is settled.
   */
  async record(result: AttemptResult): Promise<boolean> {
    const { outcome, fingerprint, kind } = result;
    if (outcome.kind === 'delivered' || outcome.kind === 'handover') return this.#delivered(kind === 'manual');
    if (outcome.kind !== 'failed') return false;
    const { failure } = outcome;
    if (failure.detail.misconfigured) {
      await this.#misconfigured(failure, fingerprint);
      return false;
    }
    if (failure.detail.rateLimited) {
      await this.#cooldown.beginStored(pauseAfter(failure), `${failure.message} (${failure.code})`, fingerprint);
      return false;
    }
    if (failure.class !== 'permanent')
      return failure.detail.ofRecipient === true ? false : this.#failed(failure, result);
    // A server that refuses one message works.
    const closed = this.#closeBreaker();
    if (this.#fault.current?.kind === 'failing') await this.#recovered();
    return closed;
  }

  async #failed(failure: SendFailure, { kind, delivery }: AttemptResult): Promise<boolean> {
    const { clock, log, raise } = this.#deps;
    const { code, message } = failure;
    this.#lastFailure = `${message} (${code})`;
    const { refusedAt = [] } = failure.detail;
    const opens = this.#breaker.failed(clock.monotonic(), kind === 'probe', pauseAfter(failure));
    if (opens) this.#failingSince = rfc3339(clock.now());
    if (!this.isFailing) return false;
    if (refusedAt.length > 0) this.#tcpCheck.watch(refusedAt);
    else this.#tcpCheck.stop();
    if (opens)
      log.warn({ code, error: message }, `${this.#name}: keeps failing; deliveries wait while one of them probes`);
    // The event may fail to be delivered by this channel, too, so a delivery of the daemon's own event raises none.
    if (delivery.event.source !== OWN_SOURCE && this.#fault.current?.kind !== 'failing') {
      const since = this.#failingSince;
      const { pending, ...channel } = this.#described;
      raise(ownEvents.channelFailing({ ...channel, code, message, since, pending, mend: this.#mend }));
      await this.#fault.begin({ kind: 'failing', since });
    }
    return opens;
  }

  #delivered(isManual: boolean): boolean | Promise<boolean> {
    const closed = this.#closeBreaker();
    return isManual || this.#fault.current !== undefined ? this.#endFault(closed, isManual) : closed;
  }

  /** Ends a fault after a message was delivered. Resolves to `closed`. */
  async #endFault(closed: boolean, isManual: boolean): Promise<boolean> {
    // Deliveries that were in flight when the credentials were refused prove nothing; a manual attempt does.
    if (isManual && (await this.holds.credentialsAccepted()))
      this.#deps.log.info(`${this.#name}: the credentials are accepted; all deliveries that waited go now`);
    const kind = this.#fault.current?.kind;
    if (kind === 'failing' || (kind === 'misconfigured' && !this.holds.areCredentialsRefused)) await this.#recovered();
    return closed;
  }

  /** Closes the breaker, because the remote server answers. Returns true if it was open. */
  #closeBreaker(): boolean {
    const closed = this.#breaker.succeeded();
    this.#tcpCheck.stop();
    if (closed) this.#deps.log.info(`${this.#name}: recovered; all deliveries that waited go now`);
    return closed;
  }

  async #recovered(): Promise<void> {
    const { kind: after, since } = this.#fault.current!;
    const { clock, raise } = this.#deps;
    raise(
      ownEvents.channelRecovered({
        ...this.#described,
        after,
        since,
        down_for: Math.max(0, clock.now() - Date.parse(since)),
      }),
    );
    await this.#fault.end();
  }

  /** Raises an event also about a delivery of the daemon's own event: nothing is sent afterwards, so no loop can arise. */
  async #misconfigured({ code, message }: SendFailure, fingerprint: string): Promise<void> {
    const { log, raise, clock } = this.#deps;
    if (!(await this.holds.credentialsRefused(code, message, fingerprint))) return;
    log.error(
      { code, error: message },
      `${this.#name}: misconfigured; its deliveries are held until its settings change or a test succeeds`,
    );
    const since = rfc3339(clock.now());
    const { pending: held, ...channel } = this.#described;
    raise(ownEvents.channelMisconfigured({ ...channel, code, message, since, held, mend: this.#mend }));
    await this.#fault.begin({ kind: 'misconfigured', since });
  }

  /** Fields that all events about the channel have. */
  get #described(): { readonly channel: string; readonly channel_type: string; readonly pending: number } {
    const { channel, store } = this.#deps;
    const pending = store.deliveries.counts().byChannel.get(this.#name)?.pending ?? 0;
    return { channel: this.#name, channel_type: channel(this.#name)?.type ?? '', pending };
  }

  get #mend(): string {
    return `belfry channel test ${this.#name}`;
  }
}
