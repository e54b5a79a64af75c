import type { FailureClass } from '../problems/failure.ts';
import type { Attempt, DeadClass } from './delivery.ts';

/** Class of an attempt that failed, or of a delivery that ended dead. */
export type AnyClass = FailureClass | DeadClass;

/** Meaning of each class, as the API, the commands and the console show it. */
const MEANINGS: Readonly<Record<AnyClass, string>> = {
  transient: 'the cause may pass by itself, so it is tried again',
  permanent: 'it would fail again in the same way, so a person must change something',
  unknown: 'the request was sent and no answer shows whether it was handled, so another try may send it twice',
  internal: 'Belfry or the channel has a bug; the log has the stack',
  exhausted: 'every attempt of the schedule has failed, or `give_up_after` has passed',
  expired: 'its time to live has passed',
};

export const ANY_CLASSES = Object.keys(MEANINGS) as readonly AnyClass[];

export const meaningOf = (one: AnyClass): string => MEANINGS[one];

/** An attempt with the meaning of its class; one that delivered has none. */
export interface AttemptWithMeaning extends Attempt {
  readonly meaning?: string;
}

export const withMeaning = (attempt: Attempt): AttemptWithMeaning =>
  attempt.class === undefined ? attempt : { ...attempt, meaning: meaningOf(attempt.class) };
