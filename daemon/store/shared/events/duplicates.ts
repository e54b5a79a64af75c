import type { Event } from '../../../core/event/event.ts';
import { BelfryError } from '../../../core/problems/failure.ts';
import type { Accepted, Arrival } from '../../store.ts';

export function nameOf({ source, id }: Event): string {
  return `${source}\u0000${id}`;
}

export function duplicateOf({ id, deliveries }: Accepted): Accepted {
  return { id, duplicate: true, deliveries };
}

/** Refuses an event that has the id of another event: answered as a duplicate, it would be lost. */
export function refuseOtherEvent({ event, isSame }: Arrival, first: Event): void {
  if (isSame === undefined || isSame(first, event)) return;
  throw new BelfryError('store.conflict', 'this id came with another body before; each event needs its own id');
}

export function refuseOtherBody(first: string, now: string): void {
  if (first !== now) throw new BelfryError('store.conflict', 'this Idempotency-Key was used with another body before');
}
