import type { ChannelType, Environment, Notifier, PushGateway, WebPushSubscriptions } from '../../channels/channel.ts';
import { typeOfChannel } from '../../channels/index.ts';
import { type Connection, connectionOf } from '../../channels/kit/http/connect/connection.ts';
import { openHttpClient } from '../../channels/kit/http/client.ts';
import { openDialer } from '../../channels/kit/net/dialer.ts';
import type { ChannelConfig, NetworkSettings } from '../../core/ruleset.ts';
import type { FileWrites } from '../../core/event/file-writes.ts';
import { compileEgress, type EgressSettings } from '../../core/values/egress.ts';
import type { ListenClient } from '../buttons/listeners.ts';
import type { OpenState, OpenStateOptions } from '../state/open-state.ts';
import { channelMemory } from './memory.ts';

/** Returns a function that opens the notifier of a channel. Each channel has its own HTTP client, dialer and resolver. */
export function channelOpener(
  { log: daemonLog, store }: Pick<OpenState, 'log' | 'store'>,
  options: OpenStateOptions,
  push: PushGateway,
  subscriptions: WebPushSubscriptions,
  writes: FileWrites,
): (config: ChannelConfig) => Notifier {
  const { terminal, clock } = options;
  return (config) => {
    const type = typeOfChannel(config);
    const { name } = config;
    const client = openClient(type, config, terminal.env);
    const { http, net } = client;
    const log = daemonLog.child({ channel: name });
    const notifier = type.open(config.settings, {
      name,
      http,
      net,
      clock,
      log,
      push,
      subscriptions,
      memory: channelMemory({ checkpoints: store.checkpoints, name, clock, log }),
      attachFrom: config.attachFrom ?? [],
      writes,
      hostname: terminal.hostname,
      env: terminal.env,
    });
    return {
      send: (message, io) => notifier.send(message, io),
      async close() {
        await notifier.close?.();
        await client.close();
      },
    };
  };
}

/** Returns a function that opens the connections of a channel which listens. */
export const clientOpener =
  ({ terminal }: Pick<OpenStateOptions, 'terminal'>) =>
  (type: ChannelType, config: ChannelConfig): ListenClient =>
    openClient(type, config, terminal.env);

/** Opens the connections that a channel may make, by its settings and those of the daemon. */
export function openClient(type: ChannelType, config: ChannelConfig, env: Environment = {}): ListenClient {
  return openConnections(egressOf(type, config), connectionOf(config.settings, config.network ?? {}, env));
}

/** Opens the connections that the daemon itself makes, by its settings. */
export const openOwnClient = (network: NetworkSettings, env: Environment): ListenClient =>
  openConnections(network.egress, connectionOf({}, network, env));

function openConnections(egress: EgressSettings | undefined, connection: Connection): ListenClient {
  const net = openDialer(egress === undefined ? {} : { egress: compileEgress(egress) });
  const http = openHttpClient({ net, ...connection });
  return {
    http,
    net,
    async close() {
      await http.close();
      net.close();
    },
  };
}

function egressOf({ publicServersOnly }: ChannelType, { network }: ChannelConfig): EgressSettings | undefined {
  if (publicServersOnly === undefined) return network?.egress;
  return { allow: [], deny: [], ...network?.egress, denyPrivate: true };
}
