import { type AwaitedReceipt, type Notifier, SETTLE_MS, type SendIo } from '../../channels/channel.ts';
import type { Attempt, Delivery, Receipt } from '../../core/delivery/delivery.ts';
import type { Outcome } from '../../core/delivery/judge.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import { Deadline, DeadlinePassed, type Abortable } from '../../lib/async/abort.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { LaneDeps } from './deps.ts';
import type { LazyNotifier } from './lazy-notifier.ts';

/** Outcome of an attempt. killed: the daemon was stopped during the attempt, so the delivery stays pending and nothing failed. */
export type AttemptOutcome = Outcome | { readonly kind: 'killed' };

/** Attempt that has ended: its outcome, its stored record, and the fingerprint of the settings that it used. */
export interface EndedAttempt {
  readonly outcome: AttemptOutcome;
  readonly record: Attempt;
  readonly fingerprint: string;
}

type AnswerScrubber = Pick<Scrubber, 'scrubAnswer' | 'scrubAnswerJson'>;

const MAX_BODY_CHARS = 4096;
const MAX_MESSAGE_CHARS = 500;

/** Makes one attempt, times it, and reports it to the observer. */
export async function makeAttempt(
  delivery: Delivery,
  config: ChannelConfig,
  notifiers: LazyNotifier,
  deps: LaneDeps,
): Promise<EndedAttempt> {
  const { clock, scrubber, observer, log } = deps;
  const at = rfc3339(clock.now());
  const began = clock.monotonic();
  const notifier = notifiers.acquire();
  const outcome = await sendOnce(notifier, delivery, config.policy.timeout, deps).finally(() => notifiers.release());
  const ms = Math.round(clock.monotonic() - began);
  if (outcome.kind !== 'killed') observer.attempted(config.name, ms);
  if (outcome.kind === 'bug')
    log.error(
      { delivery: delivery.id, stack: scrubber.scrubAnswer((outcome.error.cause as Error | undefined)?.stack ?? '') },
      `${config.name}: the channel has a bug`,
    );
  return { outcome, record: { at, ms, ...failureOf(outcome) }, fingerprint: config.fingerprint };
}

/** Fields of the stored record that describe a failure. */
function failureOf(outcome: AttemptOutcome): Pick<Attempt, 'class' | 'code' | 'message'> {
  if (outcome.kind === 'failed')
    return { class: outcome.failure.class, code: outcome.failure.code, message: outcome.failure.message };
  if (outcome.kind === 'bug') return { class: 'internal', code: 'internal', message: outcome.error.message };
  return {};
}

class Io implements SendIo {
  readonly delivery: Delivery;
  readonly ending: Deadline;

  constructor(delivery: Delivery, ending: Deadline) {
    this.delivery = delivery;
    this.ending = ending;
  }

  get signal(): AbortSignal {
    return this.ending.signal;
  }

  get attempt(): number {
    return this.delivery.attempts.length + 1;
  }
}

/**
 * Calls `send` of the channel within `timeout` milliseconds. No other code catches the errors of a channel. Answers
 * of the remote server are scrubbed here, because they may repeat a secret.
 */
export async function sendOnce(
  notifier: Notifier,
  delivery: Delivery,
  timeout: number,
  { killed, clock, scrubber: known, outgoing }: Pick<LaneDeps, 'killed' | 'clock' | 'scrubber' | 'outgoing'>,
): Promise<AttemptOutcome> {
  const deadline = new Deadline(clock, timeout, killed);
  const { message, secrets } = outgoing(delivery);
  const scrubber = secrets.length === 0 ? known : new WithSecrets(known, secrets);
  try {
    const answer = await failOverdue(deadline, notifier.send(message, new Io(delivery, deadline)));
    if (isAwaited(answer)) return { kind: 'handover', until: answer.until };
    return { kind: 'delivered', receipt: scrubber.scrubAnswerJson(answer) };
  } catch (error) {
    if (killed.aborted) return { kind: 'killed' };
    const cause = asTimeout(asMissingPart(error), deadline);
    if (cause instanceof SendFailure) return { kind: 'failed', failure: scrubbed(cause, scrubber) };
    const message = scrubber.scrubAnswer(cause instanceof Error ? cause.message : String(cause));
    return { kind: 'bug', error: new Error(message, { cause }) };
  } finally {
    deadline.close();
  }
}

/** Masks the secrets of the daemon and those of one message. */
class WithSecrets implements AnswerScrubber {
  readonly #known: AnswerScrubber;
  readonly #own = new Scrubber();

  constructor(known: AnswerScrubber, secrets: readonly string[]) {
    this.#known = known;
    for (const secret of secrets) this.#own.add(secret);
  }

  scrubAnswer(text: string): string {
    return this.#own.scrubAnswer(this.#known.scrubAnswer(text));
  }

  scrubAnswerJson<T>(value: T): T {
    return this.#own.scrubAnswerJson(this.#known.scrubAnswerJson(value));
  }
}

/** Rejects when `send` has not ended `SETTLE_MS` after its deadline; then it is unknown whether the request arrived. */
function failOverdue<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.overdue(SETTLE_MS, () => {
      const message = `${endReason(deadline)}, and the channel did not say how far it had come`;
      reject(new SendFailure('unknown', 'timeout', message));
    });
    work.then(resolve, reject);
  });
}

function endReason({ reason }: Abortable): string {
  return reason instanceof DeadlinePassed ? reason.message : 'it was stopped';
}

/** Turns an abort error that a channel passes on into a timeout: the request was made, and no answer came. */
function asTimeout(error: unknown, ending: Abortable): unknown {
  if (error instanceof SendFailure || !ending.aborted) return error;
  if (error !== ending.reason && (error as Error)?.name !== 'AbortError') return error;
  return new SendFailure('unknown', 'timeout', endReason(ending), { cause: error });
}

/** Codes of Node for a file that cannot be loaded because it is missing. */
const MISSING: ReadonlySet<unknown> = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

/**
 * A channel loads large libraries with its first message. An update replaces their files under a running daemon, so the message
 * waits until they are there again, at the latest until the restart. Nothing was sent.
 */
function asMissingPart(error: unknown): unknown {
  if (!MISSING.has((error as NodeJS.ErrnoException | undefined)?.code)) return error;
  const [file] = (error as Error).message.split('\n');
  const message = `a file of the program is missing, as after an update: restart the daemon (${file})`;
  return new SendFailure('transient', 'program.missing', message, { cause: error });
}

function isAwaited(answer: Receipt | AwaitedReceipt): answer is AwaitedReceipt {
  return 'awaiting' in answer;
}

function scrubbed(failure: SendFailure, scrubber: AnswerScrubber): SendFailure {
  const { body, ...detail } = failure.detail;
  const message = scrubber.scrubAnswer(failure.message).slice(0, MAX_MESSAGE_CHARS);
  return new SendFailure(failure.class, scrubber.scrubAnswer(failure.code), message, {
    ...detail,
    ...(body !== undefined && { body: scrubber.scrubAnswer(body).slice(0, MAX_BODY_CHARS) }),
  });
}
