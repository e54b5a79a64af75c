import type { Receipt } from '../../../core/delivery/delivery.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Log } from '../../../lib/log.ts';
import { PartialAcceptance } from './partial-acceptance.ts';

/** Sends to several recipients that each get a request of their own; an attempt that is repeated leaves out those with a final answer. */
export class SeveralRecipients {
  readonly #log: Log;
  readonly #isOneServer: boolean;
  readonly #partial = new PartialAcceptance<SendFailure>();

  /** `isOneServer`: all recipients are reached over the same server, which fails for all of them. Otherwise all are sent to at once, so that no server delays another. */
  constructor(log: Log, isOneServer = true) {
    this.#log = log;
    this.#isOneServer = isOneServer;
  }

  /** Continues after the refusal of one recipient, and stops when the server of all fails. */
  async send(names: readonly string[], delivery: string, sendTo: (name: string) => Promise<Receipt>): Promise<Receipt> {
    if (names.length === 1) return await sendTo(names[0]!);
    const owed = this.#partial.owed(delivery, names);
    const results = this.#isOneServer
      ? await inTurn(owed, sendTo)
      : await Promise.all(owed.map((name) => result(name, sendTo)));
    const receipts = results.flatMap(({ name, receipt }) => (receipt === undefined ? [] : [[name, receipt] as const]));
    const failures = results.flatMap(({ name, failure }) => (failure === undefined ? [] : [[name, failure] as const]));
    const refused = new Map(failures.filter(([, failure]) => isRefusal(failure)));
    const open = failures.flatMap(([, failure]) => (isRefusal(failure) ? [] : [failure]));
    const postponed = nextOf(open);
    const all = this.#partial.record(
      delivery,
      { accepted: new Set(receipts.map(([name]) => name)), refused },
      postponed !== undefined,
    );
    if (postponed !== undefined) throw postponed;
    const [refusal] = all.refused.values();
    if (refusal !== undefined && all.accepted.size === 0) throw refusal;
    const answer = [...all.refused].map(([name, failure]) => `refused: ${name}: ${failure.message}`).join('\n');
    if (answer !== '') this.#log.warn({ delivery, refused: answer }, 'the provider refused some of the recipients');
    const ids = receipts.flatMap(([, receipt]) => receipt.id ?? []);
    return { status: 200, ...(ids.length > 0 && { id: ids.join(' ') }), ...(answer !== '' && { answer }) };
  }
}

interface Result {
  readonly name: string;
  readonly receipt?: Receipt;
  readonly failure?: SendFailure;
}

type SendTo = (name: string) => Promise<Receipt>;

async function result(name: string, sendTo: SendTo): Promise<Result> {
  try {
    return { name, receipt: await sendTo(name) };
  } catch (error) {
    if (!(error instanceof SendFailure)) throw error;
    return { name, failure: error };
  }
}

/** Sends to one after another, until the server fails. */
async function inTurn(names: readonly string[], sendTo: SendTo): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of names) {
    const latest = await result(name, sendTo);
    results.push(latest);
    const { failure } = latest;
    if (failure !== undefined && isOfServer(failure)) break;
  }
  return results;
}

/** Whether the failure concerns this recipient only and is final. */
const isRefusal = (failure: SendFailure): boolean =>
  failure.class === 'permanent' && failure.detail.misconfigured !== true;

/** Whether all other recipients of the same server would fail as well. */
const isOfServer = (failure: SendFailure): boolean =>
  !isRefusal(failure) && failure.class !== 'unknown' && failure.detail.ofRecipient !== true;

/** Failure that decides when the recipients without a final answer are tried again: neither a wait nor the silence of one recipient delays another. */
function nextOf(failures: readonly SendFailure[]): SendFailure | undefined {
  const rank = ({ class: failureClass, detail }: SendFailure): number =>
    failureClass === 'unknown' ? Number.MAX_VALUE : (detail.retryAfter ?? 0);
  return (
    failures.find(({ detail }) => detail.ofRecipient !== true) ?? failures.toSorted((a, b) => rank(a) - rank(b))[0]
  );
}
