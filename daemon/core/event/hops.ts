import type { Delivery } from '../delivery/delivery.ts';
import { type Event, type EventInput, OWN_SOURCE } from './event.ts';

/**
 * Extension of an event: number of Belfry's channels through which its cause has come; absent for 0. A channel passes the number on with
 * what it sends, one higher, and what the daemon takes in keeps it. So a rule whose channel leads back to the daemon is noticed.
 */
export const HOPS = 'belfryhops';
/** Hops up to which the rules run for an event. */
export const MAX_HOPS = 10;
/** Request header with the hops of what the request causes. */
export const HOPS_HEADER = 'belfry-hops';
/** Environment variable with the hops of what a program causes. */
export const HOPS_VARIABLE = 'BELFRY_HOPS';
/** Higher numbers count as this one. */
const MAX_COUNTED = 1_000_000;

export function hopsOf(event: Event | EventInput): number {
  const hops = event[HOPS];
  return typeof hops === 'number' && hops > 0 ? hops : 0;
}

/** Hops of what a delivery causes. Those of a delivery are given where another of its events has more than the one that it is about. */
export function hopsAfter({ event, hops = 0 }: Pick<Delivery, 'event' | 'hops'>): number {
  return Math.max(hopsOf(event), hops) + 1;
}

/** The event with at least these hops: what it says itself can only raise them. */
export function withHops<E extends Event | EventInput>(event: E, hops: number): E {
  return hops > hopsOf(event) ? { ...event, [HOPS]: hops } : event;
}

/** Reads hops as a number or as text; of a list, as two equal headers become, the highest. Undefined if they are no whole number. */
export function readHops(given: unknown): number | undefined {
  const texts = typeof given === 'number' ? [String(given)] : typeof given === 'string' ? given.split(',') : [];
  const read = texts.map((text) => (/^\s*\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN));
  const hops = Math.min(Math.max(...read), MAX_COUNTED);
  return read.length === 0 || Number.isNaN(hops) ? undefined : hops;
}

/** Reason why no rule runs for an event; undefined when the rules run. The daemon's own events do not come back to it by themselves. */
export function loopReason(event: Event): string | undefined {
  const hops = hopsOf(event);
  if (hops <= MAX_HOPS || event.source === OWN_SOURCE) return undefined;
  return `stopped by the loop guard: its cause has come through ${hops} channels, and more than ${MAX_HOPS} are a loop`;
}
