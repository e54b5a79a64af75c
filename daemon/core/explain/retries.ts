import type { OwedDelivery } from '../flow/decision.ts';
import type { Attempt, DeliveryPolicy } from '../delivery/delivery.ts';
import { SendFailure } from '../problems/failure.ts';
import { judge } from '../delivery/judge.ts';

const TRANSIENT = new SendFailure('transient', 'explain', 'nobody answers');
/** Makes the jitter of a wait nothing. */
const MIDDLE = 0.5;

/** When a delivery would be tried again if every attempt failed at once for want of an answer, milliseconds since the epoch. */
export function retryTimes({ delivery, dueAt }: OwedDelivery, policy: DeliveryPolicy): readonly number[] {
  const times: number[] = [];
  const attempts: Attempt[] = [];
  for (let now = dueAt; ; now = times.at(-1)!) {
    const verdict = judge({
      delivery: { ...delivery, attempts },
      outcome: { kind: 'failed', failure: TRANSIENT },
      policy,
      now,
      random: () => MIDDLE,
      probe: false,
    });
    if (verdict.kind !== 'retry') return times;
    times.push(verdict.at);
    attempts.push({ at: new Date(now).toISOString(), ms: 0, class: 'transient' });
  }
}
