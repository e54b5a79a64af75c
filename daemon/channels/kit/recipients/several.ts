import type { Receipt } from '../../../core/delivery/delivery.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Log } from '../../../lib/log.ts';
import { PartialAcceptance } from './partial-acceptance.ts';

/** Sends to several recipients that each get a request of their own; an attempt that is repeated leaves out those with a final answer. */
export class SeveralRecipients {
  readonly #log: Log;
  readonly #isOneServer: boolean;
  readonly #partial = new PartialAcceptance<SendFailure>();

  /** `isOneServer`: all recipients are reached over the same server, which fails for all of them. */
  constructor(log: Log, isOneServer = true) {
    this.#log = log;
    this.#isOneServer = isOneServer;
  }

  /** Continues after the refusal of one recipient, and stops when the server of all fails. */
  async send(names: readonly string[], delivery: string, sendTo: (name: string) => Promise<Receipt>): Promise<Receipt> {
    if (names.length === 1) return await sendTo(names[0]!);
    const receipts = new Map<string, Receipt>();
    const refused = new Map<string, SendFailure>();
    const postponed: SendFailure[] = [];
    for (const name of this.#partial.owed(delivery, names)) {
      try {
        receipts.set(name, await sendTo(name));
      } catch (error) {
        if (!(error instanceof SendFailure)) throw error;
        if (error.class === 'permanent' && error.detail.misconfigured !== true) {
          refused.set(name, error);
          continue;
        }
        postponed.push(error);
        if (this.#isOneServer && error.class !== 'unknown' && error.detail.ofRecipient !== true) break;
      }
    }
    const all = this.#partial.record(delivery, { accepted: new Set(receipts.keys()), refused }, postponed.length > 0);
    const failure = nextOf(postponed);
    if (failure !== undefined) throw failure;
    const [refusal] = all.refused.values();
    if (refusal !== undefined && all.accepted.size === 0) throw refusal;
    const answer = [...all.refused].map(([name, failure]) => `refused: ${name}: ${failure.message}`).join('\n');
    if (answer !== '') this.#log.warn({ delivery, refused: answer }, 'the provider refused some of the recipients');
    const ids = [...receipts.values()].flatMap((receipt) => receipt.id ?? []);
    return { status: 200, ...(ids.length > 0 && { id: ids.join(' ') }), ...(answer !== '' && { answer }) };
  }
}

/** Failure that decides when the recipients without a final answer are tried again: a wait of one recipient delays no other. */
function nextOf(postponed: readonly SendFailure[]): SendFailure | undefined {
  const pauseOf = ({ detail }: SendFailure): number => detail.retryAfter ?? 0;
  return (
    postponed.find(({ detail }) => detail.ofRecipient !== true) ??
    postponed.toSorted((one, other) => pauseOf(one) - pauseOf(other))[0]
  );
}
