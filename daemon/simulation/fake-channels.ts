import type { OwedDelivery } from '../core/flow/decision.ts';
import { type DeadReason, EXPIRED, isExpired } from '../core/delivery/dead-reason.ts';
import type { Attempt, Delivery } from '../core/delivery/delivery.ts';
import { type FailureDetail, SendFailure } from '../core/problems/failure.ts';
import { fallbackOf } from '../core/delivery/fallback.ts';
import { judge, type Outcome } from '../core/delivery/judge.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Answer } from '../core/schema/sections/rule-tests.ts';

/** One message as it went out: a delivery at its first attempt. */
export interface Sent {
  readonly at: number;
  readonly delivery: Delivery;
}

export interface MailboxParts {
  readonly ruleset: Ruleset;
  readonly newId: () => string;
  /** What each channel answers, in order; after that `ok`. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  /** A delivery ended dead. */
  readonly died: (delivery: Delivery, end: DeadReason) => void;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly dueAt: number;
  readonly isSent: boolean;
  /** An attempt that hangs ends then. */
  readonly hanging?: true;
}

const RATE_LIMITED: FailureDetail = { status: 429, retryAfter: 60_000, rateLimited: true };

/** What each answer is to whoever sends. */
const OUTCOMES: Readonly<Record<Exclude<Answer, 'hang'>, () => Outcome>> = {
  ok: () => ({ kind: 'delivered', receipt: { answer: 'ok' } }),
  transient: () => failed('transient', 'http.503', { status: 503 }),
  permanent: () => failed('permanent', 'http.404', { status: 404 }),
  rate_limited: () => failed('transient', 'http.429', RATE_LIMITED),
};

/** What is owed, sent by channels that answer by script: the same verdicts, retries and fallbacks as in the daemon. */
export class Mailbox {
  /** Whether anybody wants to know what is sent. */
  watched = true;
  #sent: Sent[] = [];
  readonly #parts: MailboxParts;
  readonly #answers: Map<string, Answer[]>;
  #waiting: Waiting[] = [];

  constructor(parts: MailboxParts) {
    this.#parts = parts;
    this.#answers = new Map(Object.entries(parts.answers).map(([channel, answers]) => [channel, [...answers]]));
  }

  /** When something is to be done next. */
  get next(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting) next = Math.min(next, this.#momentOf(waiting));
    return Number.isFinite(next) ? next : undefined;
  }

  /** What went out since the last time that it was asked. */
  takeSent(): readonly Sent[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  owe(owed: readonly OwedDelivery[]): void {
    for (const { delivery, dueAt } of owed) this.#wait({ delivery, dueAt, isSent: false });
  }

  cancel(ids: readonly string[]): void {
    this.#waiting = this.#waiting.filter(({ delivery, isSent }) => isSent || !ids.includes(delivery.id));
  }

  /** Makes the attempts that are due, and ends what has come too late. */
  work(now: number): void {
    const due = this.#waiting.filter((waiting) => this.#momentOf(waiting) <= now);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => this.#momentOf(waiting) > now);
    for (const waiting of due) this.#attempt(waiting, now);
  }

  #attempt({ delivery, isSent, hanging }: Waiting, now: number): void {
    if (hanging === true) return this.#settle(delivery, failed('unknown', 'timeout', {}), now);
    if (isExpired(delivery, now)) return this.#bury(delivery, EXPIRED, now);
    if (!isSent && this.watched) this.#sent.push({ at: now, delivery });
    const answer = this.#answers.get(delivery.channel)?.shift() ?? 'ok';
    if (answer !== 'hang') this.#settle(delivery, OUTCOMES[answer](), now);
    else this.#wait({ delivery, dueAt: now + this.#policy(delivery).timeout, isSent: true, hanging: true });
  }

  #settle(delivery: Delivery, outcome: Outcome, now: number): void {
    const policy = this.#policy(delivery);
    const verdict = judge({ delivery, outcome, policy, now, random: () => 0.5, probe: false });
    const attempts = [...delivery.attempts, attemptOf(outcome, now)];
    if (verdict.kind === 'retry') this.#wait({ delivery: { ...delivery, attempts }, dueAt: verdict.at, isSent: true });
    if (verdict.kind === 'dead') this.#bury({ ...delivery, attempts }, verdict, now);
  }

  #bury(delivery: Delivery, end: DeadReason, now: number): void {
    const { ruleset, newId, died } = this.#parts;
    const { fallback = '' } = this.#policy(delivery);
    const next = fallbackOf(delivery, ruleset.channels.get(fallback), { now, newId });
    if (next !== undefined) this.#wait({ ...next, isSent: false });
    died(delivery, end);
  }

  /** What a pause holds for ever need not be kept. */
  #wait(waiting: Waiting): void {
    if (Number.isFinite(this.#momentOf(waiting))) this.#waiting.push(waiting);
  }

  /** When something is to be done with it: an attempt, or its end. */
  #momentOf({ delivery, dueAt, hanging }: Waiting): number {
    if (hanging === true) return dueAt;
    const due = this.#policy(delivery).paused ? Number.POSITIVE_INFINITY : dueAt;
    return Math.min(due, delivery.expiresAt ?? Number.POSITIVE_INFINITY);
  }

  #policy({ channel }: Delivery) {
    return this.#parts.ruleset.channels.get(channel)!.policy;
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
