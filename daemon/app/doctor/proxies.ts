import type { Socket } from 'node:net';
import type { ChannelEndpoint, ChannelUses } from '../../channels/channel.ts';
import { type Connection, connectionOf } from '../../channels/kit/http/connect/connection.ts';
import { openDialer } from '../../channels/kit/net/dialer.ts';
import type { Proxy } from '../../channels/kit/net/proxy.ts';
import { TlsClient } from '../../channels/kit/net/tls.ts';
import { connectProxy, isSocks, openTunnel } from '../../channels/kit/net/tunnel.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import { compileEgress } from '../../core/values/egress.ts';
import type { Environment } from '../state/paths.ts';

const TIMEOUT_MS = 5000;

/** Adds to the HTTP servers of a channel the proxies through which the channel reaches them. */
export function withProxies(
  uses: ChannelUses,
  config: Pick<ChannelConfig, 'settings' | 'network'>,
  env: Environment,
): ChannelUses {
  if (uses.endpoints === undefined) return uses;
  const connection = connectionOf(config.settings, config.network ?? {}, env);
  return { ...uses, endpoints: uses.endpoints.map((endpoint) => throughProxy(endpoint, connection, config)) };
}

function throughProxy(
  endpoint: ChannelEndpoint,
  connection: Connection,
  { network }: Pick<ChannelConfig, 'network'>,
): ChannelEndpoint {
  const { host, port, http } = endpoint;
  if (http !== true) return endpoint;
  const tls = endpoint.tls === 'implicit';
  const found = proxyOr(() => connection.proxyOf({ tls, host, port }));
  if (found === undefined) return endpoint;
  if (found instanceof Error)
    return { ...endpoint, via: { name: 'environment', connect: () => Promise.reject(found) } };
  const proxy = found;
  const connect = async (): Promise<Socket> => {
    const net = openDialer(network?.egress === undefined ? {} : { egress: compileEgress(network.egress) });
    const { ca } = connection;
    const proxyTls = new TlsClient(ca === undefined ? {} : { ca }, { system: true });
    const deps = { net, proxyTls, timeout: TIMEOUT_MS };
    try {
      // A proxy that forwards requests may refuse to connect to servers without TLS.
      return await (tls || isSocks(proxy) ? openTunnel(proxy, { host, port }, deps) : connectProxy(proxy, deps));
    } finally {
      net.close();
    }
  };
  const name = `${proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host}:${proxy.port}`;
  return { ...endpoint, via: { name, connect } };
}

function proxyOr(find: () => Proxy | undefined): Proxy | Error | undefined {
  try {
    return find();
  } catch (error) {
    return error as Error;
  }
}
