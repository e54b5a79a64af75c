import type { DeadClass, DeadError, Delivery } from './delivery.ts';

/** Reason why a delivery ended dead. */
export interface DeadReason {
  readonly class: DeadClass;
  readonly error: DeadError;
}

export const EXPIRED: DeadReason = {
  class: 'expired',
  error: { code: 'expired', message: 'its time to live was over before it could be delivered' },
};
export const UNACKNOWLEDGED: DeadReason = {
  class: 'expired',
  error: { code: 'receipt.missing', message: 'it was handed over, and nobody acknowledged it in time' },
};
export const CHANNEL_REMOVED: DeadReason = {
  class: 'permanent',
  error: { code: 'channel.removed', message: 'the channel left the rules and did not come back within 24 hours' },
};
export const GAVE_UP: DeadReason = {
  class: 'exhausted',
  error: { code: 'give_up', message: 'the channel was failing for longer than `give_up_after`' },
};

export const POISON: DeadReason = {
  class: 'internal',
  error: {
    code: 'poison',
    message:
      'the daemon has crashed three times in a row while it made this message; look for the cause before a resend',
  },
};

/** Whether the time to live of a delivery is over. */
export function isExpired({ expiresAt }: Pick<Delivery, 'expiresAt'>, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Reason of a delivery whose time is over: to live, or to wait for its receipt. */
export const expiryReason = (delivery: Pick<Delivery, 'expiresAt'>, now: number): DeadReason =>
  isExpired(delivery, now) ? EXPIRED : UNACKNOWLEDGED;

export interface Circumstances {
  readonly now: number;
  /** The daemon crashes at its attempts. */
  readonly isPoison: boolean;
  /** Milliseconds after which a failing channel gives up; undefined while it works. */
  readonly giveUpAfter: number | undefined;
}

/** Reason for which a delivery ends without an attempt; undefined if it is to be sent. */
export function reasonNotToSend(
  delivery: Pick<Delivery, 'expiresAt' | 'createdAt'>,
  { now, isPoison, giveUpAfter }: Circumstances,
): DeadReason | undefined {
  if (isPoison) return POISON;
  if (isExpired(delivery, now)) return EXPIRED;
  return giveUpAfter !== undefined && now >= delivery.createdAt + giveUpAfter ? GAVE_UP : undefined;
}
