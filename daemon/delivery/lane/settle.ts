import type { Attempt, Delivery } from '../../core/delivery/delivery.ts';
import type { Verdict } from '../../core/delivery/judge.ts';
import type { Log } from '../../lib/log.ts';
import type { Settlement } from '../../store/store.ts';
import type { Attempted } from './attempt.ts';
import type { LaneParts } from './deps.ts';
import { persist } from '../retry-disk-full.ts';

type Going = Exclude<Verdict, { kind: 'dead' }>;
type Settled = Extract<Settlement, { state: 'delivered' | 'pending' | 'sending' }>;

/** Writes down what a delivery that is not dead has come to. */
export async function settle(delivery: Delivery, attempt: Attempt, verdict: Going, parts: LaneParts): Promise<void> {
  const { store, clock, killed, log, observer } = parts;
  const settlement = settlementOf(verdict, attempt);
  await persist(clock, killed, () => store.deliveries.settle(delivery.id, settlement));
  logSettlement(log, delivery, attempt, settlement);
  observer.settled(delivery, settlement);
}

/** What the store is told of a verdict that ends nothing, or ends well. */
function settlementOf(verdict: Going, attempt: Attempt): Settled {
  switch (verdict.kind) {
    case 'delivered':
      return { state: 'delivered', attempt, receipt: verdict.receipt };
    case 'awaiting':
      return { state: 'sending', attempt, until: verdict.until };
    case 'retry':
      return { state: 'pending', attempt, dueAt: verdict.at };
  }
}

function logSettlement(
  log: Log,
  { id, channel, rule }: Delivery,
  { ms, code, message }: Attempt,
  settlement: Settled,
): void {
  if (settlement.state === 'delivered')
    log.info({ delivery: id, rule, ms, receipt: settlement.receipt.id }, `${channel}: delivered`);
  else if (settlement.state === 'sending')
    log.info({ delivery: id, rule, ms }, `${channel}: handed over, waiting for the receipt`);
  else
    log.warn(
      { delivery: id, rule, ms, code, error: message, again: new Date(settlement.dueAt).toISOString() },
      `${channel}: failed, will be tried again`,
    );
}

/** What a failed attempt is remembered by. */
export function failureOf(outcome: Attempted): Pick<Attempt, 'class' | 'code' | 'message'> {
  if (outcome.kind === 'failed')
    return { class: outcome.failure.class, code: outcome.failure.code, message: outcome.failure.message };
  if (outcome.kind === 'bug') return { class: 'internal', code: 'internal', message: outcome.error.message };
  return {};
}
