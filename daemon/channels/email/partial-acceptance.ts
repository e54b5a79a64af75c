import { SendFailure } from '../../core/problems/failure.ts';
import type { PartialAcceptance } from '../kit/recipients/partial-acceptance.ts';
import { isPermanent, type RecipientError, type SmtpError, smtpFailure } from './smtp-failure.ts';
import type { MailOutcome } from './transport.ts';

/** Result of an attempt, including the answers of earlier attempts. */
export type AttemptEnd =
  | { readonly kind: 'delivered'; readonly response: string; readonly refused: readonly RecipientError[] }
  | { readonly kind: 'failed'; readonly failure: SendFailure };

/** Evaluates the answers of a mail server for each recipient: the next attempt is for the postponed ones only, with the same Message-ID. */
export function endOfAttempt(
  partial: PartialAcceptance<RecipientError>,
  delivery: string,
  outcome: MailOutcome,
): AttemptEnd {
  const isTaken = outcome.kind === 'taken';
  const rejected = isTaken ? outcome.rejected : ((outcome.error as SmtpError).rejectedErrors ?? []);
  const accepted = new Set(isTaken ? outcome.accepted : []);
  if (!isTaken && (rejected.length === 0 || !partial.hasAccepted(delivery)))
    return { kind: 'failed', failure: smtpFailure(outcome.error, outcome.bodySent) };
  const refused = new Map(rejected.filter(isPermanent).map((error) => [error.recipient ?? '', error] as const));
  const postponed = rejected.filter((error) => !isPermanent(error));
  const all = partial.record(delivery, { accepted, refused }, postponed.length > 0);
  if (postponed.length > 0) return { kind: 'failed', failure: postponedFailure(postponed, all.accepted.size) };
  return { kind: 'delivered', response: isTaken ? outcome.response : '', refused: [...all.refused.values()] };
}

function postponedFailure(postponed: readonly RecipientError[], accepted: number): SendFailure {
  const status = postponed[0]?.responseCode ?? 450;
  const message = `the mail server accepted the message for ${accepted} recipients and postponed ${postponed.length}; only those are tried again`;
  return new SendFailure('transient', `smtp.${status}`, message, { status, body: answersOf(postponed) });
}

/** The answer of the server for each recipient, one a line. */
export const answersOf = (errors: readonly RecipientError[]): string =>
  errors
    .map(({ recipient = '', response = '' }) => `${recipient}: ${response}`)
    .join('\n')
    .slice(0, 4096);
