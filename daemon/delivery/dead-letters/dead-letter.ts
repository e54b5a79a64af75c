import { type DeadReason, POISON } from '../../core/delivery/dead-reason.ts';
import type { Attempt, DeadLetter, Delivery, DeliveryPolicy } from '../../core/delivery/delivery.ts';
import { deathNotice, fallbackOf } from '../../core/delivery/fallback.ts';
import type { AttemptMade } from '../../store/store.ts';
import type { LaneDeps } from '../lane/deps.ts';
import { retryWhileDiskFull } from '../retry-disk-full.ts';
import type { DeadLetters } from './dead-letters.ts';

/** Records looked up in the store at once. */
const LOOKUP_BATCH = 256;

/**
 * Ends a delivery dead. Writes its dead letter first, then settles the delivery; the same transaction adds the delivery to the
 * fallback channel. After a crash between the two, `finishDeadLetters` settles the delivery at the next start.
 */
export async function deadLetter(
  delivery: Delivery,
  made: AttemptMade | undefined,
  reason: DeadReason,
  fallback: DeliveryPolicy['fallback'],
  deps: LaneDeps,
): Promise<void> {
  const { deadLetters, clock, killed } = deps;
  const record = recordOf(delivery, made?.attempt, reason, clock.now());
  await retryWhileDiskFull(clock, killed, () => deadLetters.append(record));
  await settleDead(delivery, made, reason, fallback, deps);
}

/** Settles a delivery whose dead letter is on disk. */
async function settleDead(
  delivery: Delivery,
  made: AttemptMade | undefined,
  { class: deadClass, error }: DeadReason,
  fallback: DeliveryPolicy['fallback'],
  deps: LaneDeps,
): Promise<void> {
  const { store, clock, killed, log, raise, observer } = deps;
  // The fallback channel would get the message that ends the daemon.
  const isPoison = error.code === POISON.error.code;
  const channel = fallback === undefined || isPoison ? undefined : deps.channel(fallback);
  const next = fallbackOf(delivery, channel, { now: clock.now(), newId: deps.newId });
  const settlement = {
    state: 'dead' as const,
    class: deadClass,
    error,
    ...made,
    ...(next !== undefined && { fallback: next }),
  };
  await retryWhileDiskFull(clock, killed, () => store.deliveries.settle(delivery.id, settlement));
  log.error(
    { delivery: delivery.id, rule: delivery.rule, class: deadClass, code: error.code, error: error.message },
    `${delivery.channel}: dead`,
  );
  observer.settled(delivery, settlement);
  const attempts = delivery.attempts.length + (made === undefined ? 0 : 1);
  const fallbackChannel = next?.delivery.channel;
  const notice = deathNotice(delivery, { class: deadClass, error }, { attempts, fallback: fallbackChannel });
  if (notice !== undefined) raise(notice);
}

function recordOf(delivery: Delivery, attempt: Attempt | undefined, reason: DeadReason, now: number): DeadLetter {
  return {
    id: delivery.id,
    dead_at: new Date(now).toISOString(),
    class: reason.class,
    error: reason.error,
    channel: delivery.channel,
    channel_type: delivery.channelType,
    rule: delivery.rule,
    key: delivery.key,
    event: delivery.event,
    message: delivery.message,
    attempts: attempt === undefined ? delivery.attempts : [...delivery.attempts, attempt],
  };
}

/** Settles deliveries that have a dead letter and are still in the queue, because of a crash between the two writes. They are not tried again. */
export async function finishDeadLetters(deps: LaneDeps): Promise<void> {
  if (deps.store.deliveries.channels().length === 0) return;
  for await (const batch of batchesOf(deps.deadLetters))
    await Promise.all(batch.map((record) => finishDeadLetter(record, deps)));
}

async function* batchesOf(deadLetters: DeadLetters): AsyncIterable<readonly DeadLetter[]> {
  let batch: DeadLetter[] = [];
  for await (const line of deadLetters.read()) {
    if ('record' in line) batch.push(line.record);
    if (batch.length < LOOKUP_BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function finishDeadLetter({ id, class: deadClass, error, attempts }: DeadLetter, deps: LaneDeps): Promise<void> {
  const stored = await deps.store.deliveries.find(id);
  if (stored?.state !== 'pending' && stored?.state !== 'sending') return;
  const { delivery } = stored;
  deps.log.warn({ delivery: id }, 'dead letters: a delivery was still in the queue; it is removed now');
  const fallback = deps.channel(delivery.channel)?.policy.fallback;
  const attempt = attempts[delivery.attempts.length];
  const made = attempt && { attempt };
  await settleDead(delivery, made, { class: deadClass, error }, fallback, deps);
}
