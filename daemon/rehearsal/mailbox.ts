import type { OwedDelivery } from '../core/decision.ts';
import type { Attempt, Delivery } from '../core/delivery.ts';
import { type FailureDetail, SendFailure } from '../core/failure.ts';
import { judge, type Outcome, type Verdict } from '../core/judge.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Answer } from '../core/schema/rule-tests.ts';

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
  readonly died: (delivery: Delivery, verdict: Verdict & { kind: 'dead' }) => void;
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
  readonly sent: Sent[] = [];
  readonly #parts: MailboxParts;
  readonly #answers: Map<string, Answer[]>;
  #waiting: Waiting[] = [];

  constructor(parts: MailboxParts) {
    this.#parts = parts;
    this.#answers = new Map(Object.entries(parts.answers).map(([channel, answers]) => [channel, [...answers]]));
  }

  /** When something is to be done next. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { dueAt, delivery } of this.#waiting) {
      if (this.#isPaused(delivery)) continue;
      if (next === undefined || dueAt < next) next = dueAt;
    }
    return next;
  }

  owe(owed: readonly OwedDelivery[]): void {
    for (const { delivery, dueAt } of owed) this.#waiting.push({ delivery, dueAt, isSent: false });
  }

  cancel(ids: readonly string[]): void {
    this.#waiting = this.#waiting.filter(({ delivery, isSent }) => isSent || !ids.includes(delivery.id));
  }

  /** Makes the attempts that are due. */
  work(now: number): void {
    const due = this.#waiting.filter(({ dueAt, delivery }) => dueAt <= now && !this.#isPaused(delivery));
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    for (const waiting of due) this.#attempt(waiting, now);
  }

  #attempt({ delivery, isSent, hanging }: Waiting, now: number): void {
    if (!isSent) this.sent.push({ at: now, delivery });
    if (hanging === true) {
      this.#settle(delivery, failed('unknown', 'timeout', {}), now);
      return;
    }
    const answer = this.#answers.get(delivery.channel)?.shift() ?? 'ok';
    if (answer !== 'hang') this.#settle(delivery, OUTCOMES[answer](), now);
    else this.#waiting.push({ delivery, dueAt: now + this.#policy(delivery).timeout, isSent: true, hanging: true });
  }

  #settle(delivery: Delivery, outcome: Outcome, now: number): void {
    const policy = this.#policy(delivery);
    const verdict = judge({ delivery, outcome, policy, now, random: () => 0.5, probe: false });
    const attempts = [...delivery.attempts, attemptOf(outcome, now)];
    if (verdict.kind === 'retry')
      this.#waiting.push({ delivery: { ...delivery, attempts }, dueAt: verdict.at, isSent: true });
    if (verdict.kind === 'dead') this.#bury({ ...delivery, attempts }, verdict, now);
  }

  #bury(delivery: Delivery, verdict: Verdict & { kind: 'dead' }, now: number): void {
    const { ruleset, newId, died } = this.#parts;
    const { fallback } = this.#policy(delivery);
    const channel = fallback === undefined ? undefined : ruleset.channels.get(fallback);
    if (channel !== undefined) {
      const { to: _, ...message } = delivery.message;
      const next = {
        ...delivery,
        id: newId(),
        channel: channel.name,
        channelType: channel.type,
        message: channel.type === delivery.channelType ? delivery.message : message,
        createdAt: now,
        fallbackOf: delivery.channel,
        attempts: [],
      };
      this.#waiting.push({ delivery: next, dueAt: now, isSent: false });
    }
    died(delivery, verdict);
  }

  #policy({ channel }: Delivery) {
    return this.#parts.ruleset.channels.get(channel)!.policy;
  }

  #isPaused(delivery: Delivery): boolean {
    return this.#policy(delivery).paused;
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
