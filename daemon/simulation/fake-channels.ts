import type { NewDelivery } from '../core/flow/decision.ts';
import { type DeadReason, EXPIRED, isExpired } from '../core/delivery/dead-reason.ts';
import type { Attempt, Delivery } from '../core/delivery/delivery.ts';
import { type FailureDetail, SendFailure } from '../core/problems/failure.ts';
import { fallbackOf } from '../core/delivery/fallback.ts';
import { judge, type Outcome } from '../core/delivery/judge.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Answer } from '../core/schema/sections/rule-tests.ts';

/** A message that was sent: a delivery at its first attempt. */
export interface Sent {
  readonly at: number;
  readonly delivery: Delivery;
}

export interface FakeChannelsDeps {
  readonly ruleset: Ruleset;
  readonly newId: () => string;
  /** The scripted answers of each channel, in order; `ok` when they are used up. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  /** `fallback`: the channel that gets the message instead. */
  readonly onDead: (delivery: Delivery, reason: DeadReason, fallback: string | undefined) => void;
}

interface Pending {
  readonly delivery: Delivery;
  readonly dueAt: number;
  readonly isSent: boolean;
  /** The attempt was made and hangs; it times out at `dueAt`. */
  readonly hanging?: true;
}

const RATE_LIMITED: FailureDetail = { status: 429, retryAfter: 60_000, rateLimited: true };

/** The outcome of an attempt for each scripted answer. */
const OUTCOMES: Readonly<Record<Exclude<Answer, 'hang'>, () => Outcome>> = {
  ok: () => ({ kind: 'delivered', receipt: { answer: 'ok' } }),
  transient: () => failed('transient', 'http.503', { status: 503 }),
  permanent: () => failed('permanent', 'http.404', { status: 404 }),
  rate_limited: () => failed('transient', 'http.429', RATE_LIMITED),
};

/** Channels with scripted answers, with the retries and fallbacks of the daemon. */
export class FakeChannels {
  /** Whether sent messages are collected for `takeSent`. */
  recording = true;
  #sent: Sent[] = [];
  readonly #deps: FakeChannelsDeps;
  readonly #answers: Map<string, Answer[]>;
  #pending: Pending[] = [];

  constructor(deps: FakeChannelsDeps) {
    this.#deps = deps;
    this.#answers = new Map(Object.entries(deps.answers).map(([channel, answers]) => [channel, [...answers]]));
  }

  /** Time of the next attempt, timeout or expiry; undefined when nothing is pending. */
  get next(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const pending of this.#pending) next = Math.min(next, this.#nextAt(pending));
    return Number.isFinite(next) ? next : undefined;
  }

  /** Messages sent since the last call. */
  takeSent(): readonly Sent[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  /** Queues new deliveries. */
  enqueue(deliveries: readonly NewDelivery[]): void {
    for (const { delivery, dueAt } of deliveries) this.#wait({ delivery, dueAt, isSent: false });
  }

  cancel(ids: readonly string[]): void {
    this.#pending = this.#pending.filter(({ delivery, isSent }) => isSent || !ids.includes(delivery.id));
  }

  /** Makes the attempts that are due, and ends deliveries that have expired. */
  work(now: number): void {
    const due = this.#pending.filter((pending) => this.#nextAt(pending) <= now);
    if (due.length === 0) return;
    this.#pending = this.#pending.filter((pending) => this.#nextAt(pending) > now);
    for (const pending of due) this.#attempt(pending, now);
  }

  #attempt({ delivery, isSent, hanging }: Pending, now: number): void {
    if (hanging === true) return this.#settle(delivery, failed('unknown', 'timeout', {}), now);
    if (isExpired(delivery, now)) return this.#deadLetter(delivery, EXPIRED, now);
    if (!isSent && this.recording) this.#sent.push({ at: now, delivery });
    const answer = this.#answers.get(delivery.channel)?.shift() ?? 'ok';
    if (answer !== 'hang') this.#settle(delivery, OUTCOMES[answer](), now);
    else this.#wait({ delivery, dueAt: now + this.#policy(delivery).timeout, isSent: true, hanging: true });
  }

  #settle(delivery: Delivery, outcome: Outcome, now: number): void {
    const policy = this.#policy(delivery);
    const judgement = judge({ delivery, outcome, policy, now, random: () => 0.5, probe: false });
    const attempts = [...delivery.attempts, attemptOf(outcome, now)];
    if (judgement.kind === 'retry')
      this.#wait({ delivery: { ...delivery, attempts }, dueAt: judgement.at, isSent: true });
    if (judgement.kind === 'dead') this.#deadLetter({ ...delivery, attempts }, judgement, now);
  }

  #deadLetter(delivery: Delivery, end: DeadReason, now: number): void {
    const { ruleset, newId, onDead } = this.#deps;
    const { fallback = '' } = this.#policy(delivery);
    const next = fallbackOf(delivery, ruleset.channels.get(fallback), { now, newId });
    if (next !== undefined) this.#wait({ ...next, isSent: false });
    onDead(delivery, end, next?.delivery.channel);
  }

  /** Queues a delivery. Drops one that a paused channel would hold forever. */
  #wait(pending: Pending): void {
    if (Number.isFinite(this.#nextAt(pending))) this.#pending.push(pending);
  }

  /** Time of the next attempt, timeout or expiry of a delivery. */
  #nextAt({ delivery, dueAt, hanging }: Pending): number {
    if (hanging === true) return dueAt;
    const due = this.#policy(delivery).paused ? Number.POSITIVE_INFINITY : dueAt;
    return Math.min(due, delivery.expiresAt ?? Number.POSITIVE_INFINITY);
  }

  #policy({ channel }: Delivery) {
    return this.#deps.ruleset.channels.get(channel)!.policy;
  }
}

function failed(failureClass: SendFailure['class'], code: string, detail: FailureDetail): Outcome {
  return { kind: 'failed', failure: new SendFailure(failureClass, code, `scripted: ${code}`, detail) };
}

function attemptOf(outcome: Outcome, now: number): Attempt {
  const at = new Date(now).toISOString();
  if (outcome.kind !== 'failed') return { at, ms: 0 };
  const { class: failureClass, code, message } = outcome.failure;
  return { at, ms: 0, class: failureClass, code, message };
}
