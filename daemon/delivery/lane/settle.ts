import type { Attempt, Delivery } from '../../core/delivery/delivery.ts';
import type { Judgement } from '../../core/delivery/judge.ts';
import type { Log } from '../../lib/log.ts';
import type { AttemptMade, Settlement } from '../../store/store.ts';
import { retryWhileDiskFull } from '../retry-disk-full.ts';
import type { LaneDeps } from './deps.ts';

type LiveJudgement = Exclude<Judgement, { kind: 'dead' }>;
type LiveSettlement = Extract<Settlement, { state: 'delivered' | 'pending' | 'sending' }>;

/** Stores the outcome of an attempt that did not end the delivery dead: delivered, to be retried, or waiting for its receipt. */
export async function settle(
  delivery: Delivery,
  made: AttemptMade,
  judgement: LiveJudgement,
  deps: LaneDeps,
): Promise<void> {
  const { store, clock, killed, log, observer } = deps;
  const settlement = settlementOf(judgement, made);
  await retryWhileDiskFull(clock, killed, () => store.deliveries.settle(delivery.id, settlement));
  logSettlement(log, delivery, made.attempt, settlement);
  observer.settled(delivery, settlement);
}

function settlementOf(judgement: LiveJudgement, made: AttemptMade): LiveSettlement {
  switch (judgement.kind) {
    case 'delivered':
      return { state: 'delivered', ...made, receipt: judgement.receipt };
    case 'awaiting':
      return { state: 'sending', ...made, until: judgement.until };
    case 'retry':
      return { state: 'pending', ...made, dueAt: judgement.at };
  }
}

function logSettlement(
  log: Log,
  { id, channel, rule }: Delivery,
  { ms, code, message }: Attempt,
  settlement: LiveSettlement,
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
