import type { Attempt, DeadError, Delivery, Receipt } from '../../core/delivery/delivery.ts';
import type { Exchange } from '../../core/delivery/exchange.ts';
import type { Outcome } from '../../core/delivery/judge.ts';
import { OWN_SOURCE } from '../../core/event/event.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import type { AttemptMade } from '../../store/store.ts';

/** Result of a manual attempt: a resend or a channel test. */
export type ManualResult =
  | (AttemptMade & { readonly kind: 'delivered'; readonly receipt: Receipt })
  | { readonly kind: 'awaiting'; readonly attempt: Attempt }
  | {
      readonly kind: 'failed';
      readonly class: string;
      readonly error: DeadError;
      readonly attempt: Attempt;
      /** The channel's credentials or settings were refused, and the next message would be refused, too. */
      readonly misconfigured: boolean;
    }
  /** The daemon stops, or the caller has disconnected: no message is known to have been sent. */
  | { readonly kind: 'killed' };

export function manualResult(outcome: Outcome, attempt: Attempt, exchange: Exchange | undefined): ManualResult {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered', receipt: outcome.receipt, attempt, ...(exchange !== undefined && { exchange }) };
    case 'handover':
      return { kind: 'awaiting', attempt };
    case 'bug':
      return {
        kind: 'failed',
        class: 'internal',
        error: { code: 'internal', message: outcome.error.message },
        attempt,
        misconfigured: false,
      };
    case 'failed': {
      const { class: failureClass, code, message, detail } = outcome.failure;
      const { status, body } = detail;
      return {
        kind: 'failed',
        class: failureClass,
        error: { code, message, ...(status !== undefined && { status }), ...(body !== undefined && { body }) },
        attempt,
        misconfigured: detail.misconfigured === true,
      };
    }
  }
}

/** Delivery of the message that `belfry channel test` sends. */
export function testDelivery({ name, type }: ChannelConfig, now: number, newId: () => string): Delivery {
  const id = newId();
  return {
    id,
    event: {
      id,
      source: OWN_SOURCE,
      type: 'belfry.channel.test',
      subject: name,
      time: new Date(now).toISOString(),
      data: { channel: name },
    },
    rule: 'belfry channel test',
    channel: name,
    channelType: type,
    key: name,
    status: 'firing',
    message: {
      title: 'Test message from Belfry',
      body: `The channel ${name} works.`,
      format: 'text',
      priority: 'normal',
      tags: ['test'],
    },
    createdAt: now,
    attempts: [],
  };
}
