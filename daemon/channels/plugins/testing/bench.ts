import { inspect } from 'node:util';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import type { SendFailure } from '../../../core/problems/failure.ts';
import type { ChannelContract, Destination } from './contract.ts';
import { channelTools, failureOfSending, memoryLog, sampleDelivery, sampleIo } from './samples.ts';
import { decodeSettings } from './settings.ts';

/** One open channel and its destination, for one case of the suite. */
export interface Bench<A> {
  readonly destination: Destination<A>;
  readonly notifier: Notifier;
  readonly io: (overrides?: Partial<SendIo>) => SendIo;
  /** A delivery with an id and a key of its own. `key`: prefix of the key. */
  nextDelivery(this: void, key?: string): Delivery;
  /** Sends a message that must fail. */
  failure(this: void, message: Message, io: SendIo): Promise<SendFailure>;
  /** Notes an error, receipt or log line that must not show a secret. */
  show(this: void, value: unknown): void;
}

/** Opens the channel of a contract for one case and closes it afterwards. `shown` gets every error, receipt and log line. */
export async function withBench<A>(
  contract: ChannelContract<A>,
  shown: string[],
  run: (bench: Bench<A>) => Promise<void>,
): Promise<void> {
  const { type } = contract;
  const destination = await contract.openDestination();
  const memory = memoryLog();
  const tools: ChannelTools = channelTools({ log: memory.log, ...destination.tools });
  let deliveries = 0;
  const deliveryOf = (overrides: Partial<Delivery> = {}): Delivery =>
    sampleDelivery({ channelType: type.type, ...overrides });
  const show = (value: unknown): void =>
    void shown.push(inspect(value, { depth: 10, showHidden: true }), String(value));
  try {
    const notifier = type.open(decodeSettings(type, destination.settings), tools);
    try {
      await run({
        destination,
        notifier,
        show,
        io: (overrides = {}) => sampleIo({ delivery: deliveryOf(), ...overrides }),
        nextDelivery(key = 'key') {
          deliveries += 1;
          const id = `019aaf2e-1c00-7000-8000-${String(deliveries).padStart(12, '0')}`;
          return deliveryOf({ id, key: `${key} ${deliveries}` });
        },
        async failure(message, io) {
          const failed = await failureOfSending(notifier, message, io);
          show(failed);
          show(failed.detail);
          return failed;
        },
      });
    } finally {
      await notifier.close?.();
    }
  } finally {
    shown.push(...memory.lines);
    await destination.close();
  }
}
