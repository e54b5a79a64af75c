import type { Problem } from '../problems/failure.ts';
import type { ChannelConfig, DaemonSettings, NetworkSettings } from '../ruleset.ts';
import { compileEgress } from '../values/egress.ts';
import { isObject } from '../values/json.ts';
import { joinPointer, valueAt, segmentsOf } from '../values/pointer.ts';
import type { Fragment } from './compile.ts';
import { stableText } from './entry.ts';
import type { CompileTools } from './registry.ts';

/** Adds the settings of `daemon:` for connections to a channel; it restarts when they change. */
export function withNetwork(
  channel: ChannelConfig,
  { egress }: DaemonSettings,
  tools: Pick<CompileTools, 'fingerprint'>,
): ChannelConfig {
  if (egress === undefined) return channel;
  const network: NetworkSettings = { egress };
  return { ...channel, network, fingerprint: tools.fingerprint(stableText([channel.fingerprint, network])) };
}

/** Settings that may hold the address of a server. */
const ADDRESSES = ['url', 'api', 'host'];

/** Reports channels with a server that `daemon.egress` denies whatever its name resolves to. */
export function deniedServers(fragments: readonly Fragment[], tools: Pick<CompileTools, 'channels'>): Problem[] {
  const settings = fragments.find(({ daemon }) => daemon !== undefined)?.daemon?.egress;
  if (settings === undefined) return [];
  const egress = compileEgress(settings);
  const types = new Map(tools.channels.map((type) => [type.type, type]));
  return fragments.flatMap((fragment) =>
    fragment.channels.flatMap((channel): Problem[] => {
      const endpoints = types.get(channel.type)?.uses?.(channel.settings).endpoints ?? [];
      const denial = endpoints.map(({ host }) => egress.denialOfHost(host)).find((found) => found !== undefined);
      if (denial === undefined) return [];
      return [
        {
          file: fragment.file,
          ...positionOf(channel.name, fragment),
          code: 'channel.egress_denied',
          message: `\`${denial}\` denies the server of the channel \`${channel.name}\``,
          mend: 'add its address to `daemon.egress.allow`, or use another server',
        },
      ];
    }),
  );
}

/** Position of the setting with the address. */
function positionOf(channel: string, { document }: Fragment): { readonly line: number; readonly column: number } {
  const pointer = joinPointer('/channels', channel);
  const settings = valueAt(document?.data, segmentsOf(pointer));
  const name = ADDRESSES.find((each) => isObject(settings) && settings[each] !== undefined);
  if (document === undefined) return { line: 1, column: 1 };
  return name === undefined ? document.locate(pointer, 'key') : document.locate(joinPointer(pointer, name), 'value');
}
