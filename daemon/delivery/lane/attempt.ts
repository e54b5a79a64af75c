import type { Exchange } from '../../core/delivery/exchange.ts';
import type { ExchangeMask } from '../../channels/kit/http/exchange/mask.ts';
import { AttemptDeadline, type ExchangeRecord } from '../../channels/kit/http/exchange/record.ts';
import { type AwaitedReceipt, type Notifier, SETTLE_MS, type SendIo } from '../../channels/channel.ts';
import type { Attempt, Delivery, Receipt } from '../../core/delivery/delivery.ts';
import type { Outcome } from '../../core/delivery/judge.ts';
import { hopsAfter } from '../../core/event/hops.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import { type Deadline, DeadlinePassed, type Abortable } from '../../lib/async/abort.ts';
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
  /** The last request of the attempt, with its answer. */
  readonly exchange?: Exchange;
}

type AttemptScrubber = Pick<Scrubber, 'scrub' | 'scrubAnswer' | 'scrubAnswerJson'>;

const MAX_BODY_CHARS = 4096;
const MAX_MESSAGE_CHARS = 500;

/** Makes one attempt, times it, and reports it to the observer. */
export async function makeAttempt(
  delivery: Delivery,
  config: ChannelConfig,
  notifiers: LazyNotifier,
  deps: LaneDeps & Pick<SendDeps, 'onSent'>,
): Promise<EndedAttempt> {
  const { clock, scrubber, observer, log } = deps;
  const at = rfc3339(clock.now());
  const began = clock.monotonic();
  const notifier = notifiers.acquire();
  const { outcome, exchange } = await sendOnce(notifier, delivery, config.policy.timeout, {
    ...deps,
    mask: notifiers.mask,
  }).finally(() => notifiers.release());
  const ms = Math.round(clock.monotonic() - began);
  if (outcome.kind !== 'killed') observer.attempted(config.name, ms);
  if (outcome.kind === 'bug')
    log.error(
      { delivery: delivery.id, stack: scrubber.scrubAnswer((outcome.error.cause as Error | undefined)?.stack ?? '') },
      `${config.name}: the channel has a bug`,
    );
  const record = { at, ms, ...failureOf(outcome) };
  return { outcome, record, fingerprint: config.fingerprint, ...(exchange !== undefined && { exchange }) };
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

type SendDeps = Pick<LaneDeps, 'killed' | 'clock' | 'scrubber' | 'outgoing' | 'log'> & {
  readonly mask: ExchangeMask;
  /** Called when a request is handed to the connection. */
  readonly onSent?: () => void;
};

/** Calls `send` of the channel, and masks what it sent and what came back. */
export async function sendOnce(
  notifier: Notifier,
  delivery: Delivery,
  timeout: number,
  { killed, clock, scrubber: known, outgoing, log, mask, onSent }: SendDeps,
): Promise<{ readonly outcome: AttemptOutcome; readonly exchange: Exchange | undefined }> {
  const deadline = new AttemptDeadline(clock, timeout, killed, hopsAfter(delivery));
  deadline.exchange.onSent = onSent;
  const { message, secrets } = outgoing(delivery);
  const scrubber = secrets.length === 0 ? known : new WithSecrets(known, secrets);
  try {
    const outcome = await outcomeOf(notifier.send(message, new Io(delivery, deadline)), deadline, killed, scrubber);
    return {
      outcome,
      exchange: outcome.kind === 'killed' ? undefined : masked(deadline.exchange, mask, scrubber, log),
    };
  } finally {
    deadline.close();
  }
}

/** A bug in the masking loses the exchange, and not the result of the attempt. */
function masked(
  record: ExchangeRecord,
  mask: ExchangeMask,
  scrubber: AttemptScrubber,
  log: LaneDeps['log'],
): Exchange | undefined {
  try {
    return mask.exchangeOf(record, scrubber);
  } catch (error) {
    log.error({ stack: scrubber.scrub((error as Error).stack ?? '') }, 'a request cannot be shown: this is a bug');
    return undefined;
  }
}

/**
 * Waits for the end of `send`. No other code catches the errors of a channel. Answers of the remote server are scrubbed here, because
 * they may repeat a secret.
 */
async function outcomeOf(
  sending: ReturnType<Notifier['send']>,
  deadline: Deadline,
  killed: AbortSignal,
  scrubber: AttemptScrubber,
): Promise<AttemptOutcome> {
  try {
    const answer = await failOverdue(deadline, sending);
    if (isAwaited(answer)) return { kind: 'handover', until: answer.until };
    return { kind: 'delivered', receipt: scrubber.scrubAnswerJson(answer) };
  } catch (error) {
    if (killed.aborted) return { kind: 'killed' };
    const cause = asTimeout(asMissingPart(error), deadline);
    if (cause instanceof SendFailure) return { kind: 'failed', failure: scrubbed(cause, scrubber) };
    const message = scrubber.scrubAnswer(cause instanceof Error ? cause.message : String(cause));
    return { kind: 'bug', error: new Error(message, { cause }) };
  }
}

/** Masks the secrets of the daemon and those of one message. */
class WithSecrets implements AttemptScrubber {
  readonly #known: AttemptScrubber;
  readonly #own = new Scrubber();

  constructor(known: AttemptScrubber, secrets: readonly string[]) {
    this.#known = known;
    for (const secret of secrets) this.#own.add(secret);
  }

  scrub(text: string): string {
    return this.#own.scrub(this.#known.scrub(text));
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

function scrubbed(failure: SendFailure, scrubber: AttemptScrubber): SendFailure {
  const { body, ...detail } = failure.detail;
  const message = scrubber.scrubAnswer(failure.message).slice(0, MAX_MESSAGE_CHARS);
  return new SendFailure(failure.class, scrubber.scrubAnswer(failure.code), message, {
    ...detail,
    ...(body !== undefined && { body: scrubber.scrubAnswer(body).slice(0, MAX_BODY_CHARS) }),
  });
}
