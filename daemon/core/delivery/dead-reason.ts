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
