import type { Attempt, DeadError, Receipt } from '../../core/delivery/delivery.ts';
import type { Outcome } from '../../core/delivery/judge.ts';

/** What one attempt by hand came to: a resend or a channel test. */
export type DirectResult =
  | { readonly kind: 'delivered'; readonly receipt: Receipt; readonly attempt: Attempt }
  | { readonly kind: 'awaiting'; readonly attempt: Attempt }
  | {
      readonly kind: 'failed';
      readonly class: string;
      readonly error: DeadError;
      readonly attempt: Attempt;
      /** The channel's credentials or settings were refused: the next message would be, too. */
      readonly misconfigured: boolean;
    }
  /** The daemon stops, or nobody waits any more: nothing is known to have been sent. */
  | { readonly kind: 'killed' };

export function directResult(outcome: Outcome, attemptMade: Attempt): DirectResult {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered', receipt: outcome.receipt, attempt: attemptMade };
    case 'handover':
      return { kind: 'awaiting', attempt: attemptMade };
    case 'bug':
      return {
        kind: 'failed',
        class: 'internal',
        error: { code: 'internal', message: outcome.error.message },
        attempt: attemptMade,
        misconfigured: false,
      };
    case 'failed': {
      const { class: failureClass, code, message, detail } = outcome.failure;
      const { status, body } = detail;
      return {
        kind: 'failed',
        class: failureClass,
        error: { code, message, ...(status !== undefined && { status }), ...(body !== undefined && { body }) },
        attempt: attemptMade,
        misconfigured: detail.misconfigured === true,
      };
    }
  }
}
