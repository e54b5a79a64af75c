import type { VNode } from 'preact';
import { place } from '../../lib/router.ts';
import { ChannelList } from './channel-list.tsx';
import { ChannelPage } from './channel.tsx';

/** Channels: all of them, or the one in the address. */
export function Channels(): VNode {
  const name = place.value.path[1];
  return name === undefined ? <ChannelList /> : <ChannelPage key={name} name={name} />;
}
