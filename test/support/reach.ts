import { lookup } from 'node:dns';
import type { ChannelType } from '../../daemon/channels/channel.ts';
import { type Reach, Reachability } from '../../daemon/doctor/network/reach.ts';
import { openMachine } from '../../daemon/lib/machine/machine.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { decodeSettings } from './channel-settings.ts';

/** Result of the doctor's connection to the server of a channel. */
export async function reachOf(type: ChannelType, settings: object): Promise<Reach> {
  const [endpoint] = type.uses!(decodeSettings(type, settings) as never).endpoints!;
  return await new Reachability(openMachine({ env: {}, clock: systemClock, lookup })).of(endpoint!);
}
