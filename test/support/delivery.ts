import type { ChannelTools } from '../../daemon/channels/channel.ts';
import type { DeadLetter, Delivery } from '../../daemon/core/delivery/delivery.ts';
import type { Message } from '../../daemon/core/message/message.ts';
import type { OutgoingMessage } from '../../daemon/delivery/lane/deps.ts';
import { channelTools as toolsOf, sampleEvent, sampleMessage } from '../../daemon/channels/plugins/testing/samples.ts';
import { VirtualClock } from './virtual-clock.ts';

export {
  failureOfSending,
  memoryLog,
  sampleDelivery,
  sampleEvent,
  sampleIo,
  sampleMessage,
} from '../../daemon/channels/plugins/testing/samples.ts';

/** Tools for opening a channel, with a virtual clock; those that a test does not pass reject when they are used. */
export const channelTools = (overrides: Partial<ChannelTools> = {}): ChannelTools =>
  toolsOf({ clock: new VirtualClock(), ...overrides });

/** Message of an attempt that is the stored one, for deliveries without alert buttons. */
export const asStored = ({ message }: Delivery): OutgoingMessage => ({ message: message as Message, secrets: [] });

export function sampleDeadLetter(id: string, overrides: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    dead_at: '2026-11-23T09:00:00.000Z',
    class: 'permanent',
    error: { code: 'http.401', message: 'the token is refused', status: 401 },
    channel: 'ops',
    channel_type: 'webhook',
    rule: 'failed-deploy',
    key: 'acme/api',
    event: sampleEvent(),
    message: sampleMessage(),
    attempts: [{ at: '2026-11-23T09:00:00.000Z', ms: 41, class: 'permanent', code: 'http.401' }],
    ...overrides,
  };
}
