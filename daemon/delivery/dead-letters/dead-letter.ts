import type { DeadReason } from '../../core/delivery/dead-reason.ts';
import { deathNotice, fallbackOf } from '../../core/delivery/fallback.ts';
import type { Attempt, DeadLetter, Delivery, DeliveryPolicy } from '../../core/delivery/delivery.ts';
import type { LaneParts } from '../lane/deps.ts';
import { persist } from '../retry-disk-full.ts';

/**
 * Ends a delivery dead: its letter is on disk before it leaves the queue, and the fallback's delivery is owed in the same
 * transaction that takes it out. What a crash in between leaves undone is finished at the next start.
 */
export async function bury(
  delivery: Delivery,
  attempt: Attempt | undefined,
  end: DeadReason,
  fallback: DeliveryPolicy['fallback'],
  parts: LaneParts,
): Promise<void> {
  const { deadLetters, clock, killed } = parts;
  const letter = letterOf(delivery, attempt, end, clock.now());
  await persist(clock, killed, () => deadLetters.append(letter));
  await layToRest(delivery, attempt, end, fallback, parts);
}

/** The rest of a burial, once the letter is on disk. */
export async function layToRest(
  delivery: Delivery,
  attempt: Attempt | undefined,
  end: DeadReason,
  fallback: DeliveryPolicy['fallback'],
  parts: LaneParts,
): Promise<void> {
  const { store, clock, killed, log, notices, observer } = parts;
  const channel = fallback === undefined ? undefined : parts.channel(fallback);
  const next = fallbackOf(delivery, channel, { now: clock.now(), newId: parts.newId });
  const settlement = {
    state: 'dead' as const,
    ...end,
    ...(attempt !== undefined && { attempt }),
    ...(next !== undefined && { fallback: next }),
  };
  await persist(clock, killed, () => store.deliveries.settle(delivery.id, settlement));
  log.error(
    { delivery: delivery.id, rule: delivery.rule, class: end.class, code: end.error.code, error: end.error.message },
    `${delivery.channel}: dead`,
  );
  observer.settled(delivery, settlement);
  const notice = deathNotice(delivery, end);
  if (notice !== undefined) notices(notice);
}

export function letterOf(delivery: Delivery, attempt: Attempt | undefined, end: DeadReason, now: number): DeadLetter {
  return {
    id: delivery.id,
    dead_at: new Date(now).toISOString(),
    class: end.class,
    error: end.error,
    channel: delivery.channel,
    channel_type: delivery.channelType,
    rule: delivery.rule,
    key: delivery.key,
    event: delivery.event,
    message: delivery.message,
    attempts: attempt === undefined ? delivery.attempts : [...delivery.attempts, attempt],
  };
}
