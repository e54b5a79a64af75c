import { type Handover, type Notifier, SETTLE_MS, type SendIo } from '../../channels/channel.ts';
import type { Delivery, Receipt } from '../../core/delivery/delivery.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Outcome } from '../../core/delivery/judge.ts';
import { Deadline, DeadlinePassed, type Ending } from '../../lib/async/abort.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';

export interface AttemptInput {
  readonly notifier: Notifier;
  readonly delivery: Delivery;
  /** Milliseconds. */
  readonly timeout: number;
  /** Aborts when the daemon is killed while this is on its way. */
  readonly killed: AbortSignal;
  readonly clock: Clock;
  readonly scrubber: Scrubber;
}

/** The daemon was stopped while the attempt was on its way: nobody's failure, it stays owed. */
export type Attempted = Outcome | { readonly kind: 'killed' };

const LONGEST_BODY = 4096;
const LONGEST_MESSAGE = 500;

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

/** One send, and the only place that catches what a channel throws. What the far side echoed back is scrubbed here, so that no channel has to remember to. */
export async function attempt(input: AttemptInput): Promise<Attempted> {
  const { notifier, delivery, timeout, killed, clock, scrubber } = input;
  const deadline = new Deadline(clock, timeout, killed);
  try {
    const answer = await orSilence(deadline, notifier.send(delivery.message, new Io(delivery, deadline)));
    if (isHandover(answer)) return { kind: 'handover', until: answer.until };
    return { kind: 'delivered', receipt: scrubber.scrubAnswerJson(answer) };
  } catch (error) {
    if (killed.aborted) return { kind: 'killed' };
    const failure = fromAbort(error, deadline);
    if (failure instanceof SendFailure) return { kind: 'failed', failure: scrubbed(failure, scrubber) };
    return {
      kind: 'bug',
      error: new Error(scrubber.scrubAnswer(failure instanceof Error ? failure.message : String(failure)), {
        cause: failure,
      }),
    };
  } finally {
    deadline.close();
  }
}

/** A channel that does not end within a moment of its signal has told nothing: what became of the request is unknown. */
function orSilence<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.overdue(SETTLE_MS, () => {
      const message = `${whyOf(deadline)}, and the channel did not say how far it had come`;
      reject(new SendFailure('unknown', 'timeout', message));
    });
    work.then(resolve, reject);
  });
}

function whyOf({ reason }: Ending): string {
  return reason instanceof DeadlinePassed ? reason.message : 'it was stopped';
}

/** A channel that passes its signal's own reason on has been told nothing by the far side, after its request was made. */
function fromAbort(error: unknown, ending: Ending): unknown {
  if (error instanceof SendFailure || !ending.aborted) return error;
  if (error !== ending.reason && (error as Error)?.name !== 'AbortError') return error;
  return new SendFailure('unknown', 'timeout', whyOf(ending), { cause: error });
}

function isHandover(answer: Receipt | Handover): answer is Handover {
  return 'awaiting' in answer;
}

function scrubbed(failure: SendFailure, scrubber: Scrubber): SendFailure {
  const { body, ...detail } = failure.detail;
  const message = scrubber.scrubAnswer(failure.message).slice(0, LONGEST_MESSAGE);
  return new SendFailure(failure.class, scrubber.scrubAnswer(failure.code), message, {
    ...detail,
    ...(body !== undefined && { body: scrubber.scrubAnswer(body).slice(0, LONGEST_BODY) }),
  });
}
