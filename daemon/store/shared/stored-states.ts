/** Stored states of a delivery. States below `FIRST_FINAL` are not final; `retry` is pending after at least one attempt. */
export const STATE = { pending: 0, retry: 1, sending: 2, delivered: 3, dead: 4, cancelled: 5 } as const;
export const FIRST_FINAL = STATE.delivered;
/** Stored progress of a push: acknowledged by nobody, by somebody, or by all users whose acknowledgement it needs. */
export const PUSH = { waiting: 0, seen: 1, complete: 2 } as const;
/** State of the contract for each stored state. */
export const STATE_NAMES = ['pending', 'pending', 'sending', 'delivered', 'dead', 'cancelled'] as const;

/** Kinds of `last_uses`. */
export const USE = { match: 0, notified: 1, silenced: 2, delivered: 3 } as const;
