import { SendFailure } from '../../core/problems/failure.ts';
import type { MailOutcome } from './transport.ts';
import { isForGood, type RecipientError, type SmtpError, smtpFailure } from './smtp-failure.ts';

interface Round {
  readonly accepted: ReadonlySet<string>;
  /** Refused for good, by address. */
  readonly refused: ReadonlyMap<string, RecipientError>;
}

/** How an attempt ends, with those of earlier attempts taken into account. */
export type RoundEnd =
  | { readonly kind: 'delivered'; readonly response: string; readonly refused: readonly RecipientError[] }
  | { readonly kind: 'failed'; readonly failure: SendFailure };

const NOBODY: Round = { accepted: new Set(), refused: new Map() };
/** Deliveries with some recipients put off that are remembered; of an older one everybody gets the mail once more, with the same Message-ID. */
const REMEMBERED = 1000;

/**
 * A mail server answers for each recipient. When it takes the message for some and puts others off, the next attempt is for
 * the others only. Kept in memory: after a restart in between, all get it again with the same Message-ID.
 */
export class Rounds {
  readonly #open = new Map<string, Round>();

  /** Who has no final answer yet. */
  owed(delivery: string, recipients: readonly string[]): readonly string[] {
    const { accepted, refused } = this.#open.get(delivery) ?? NOBODY;
    const left = recipients.filter((address) => !accepted.has(address) && !refused.has(address));
    // Resent by hand to people who have it: somebody wants them to get it again.
    return left.length === 0 ? recipients : left;
  }

  settle(delivery: string, outcome: MailOutcome): RoundEnd {
    const before = this.#open.get(delivery) ?? NOBODY;
    const rejected = outcome.kind === 'taken' ? outcome.rejected : ((outcome.error as SmtpError).rejectedErrors ?? []);
    const accepted = new Set([...before.accepted, ...(outcome.kind === 'taken' ? outcome.accepted : [])]);
    if (outcome.kind === 'failed' && (accepted.size === 0 || rejected.length === 0)) {
      return { kind: 'failed', failure: smtpFailure(outcome.error, outcome.bodySent) };
    }
    const forGood = rejected.filter(isForGood).map((error) => [error.recipient ?? '', error] as const);
    const refused = new Map([...before.refused, ...forGood]);
    const putOff = rejected.filter((error) => !isForGood(error));
    this.#open.delete(delivery);
    if (putOff.length > 0) {
      this.#remember(delivery, { accepted, refused });
      return { kind: 'failed', failure: putOffFailure(putOff, accepted.size) };
    }
    const response = outcome.kind === 'taken' ? outcome.response : '';
    return { kind: 'delivered', response, refused: [...refused.values()] };
  }

  #remember(delivery: string, round: Round): void {
    this.#open.set(delivery, round);
    const [oldest] = this.#open.keys();
    if (this.#open.size > REMEMBERED && oldest !== undefined) this.#open.delete(oldest);
  }
}

function putOffFailure(putOff: readonly RecipientError[], accepted: number): SendFailure {
  const status = putOff[0]?.responseCode ?? 450;
  const message = `the mail server took the message for ${accepted} and put ${putOff.length} off; only those are tried again`;
  return new SendFailure('transient', `smtp.${status}`, message, { status, body: answersOf(putOff) });
}

/** One line for each recipient, as the server put it. */
export const answersOf = (errors: readonly RecipientError[]): string =>
  errors
    .map(({ recipient = '', response = '' }) => `${recipient}: ${response}`)
    .join('\n')
    .slice(0, 4096);
