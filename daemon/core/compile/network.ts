import { Secret } from '../../lib/secrets/secret.ts';
import type { Problem } from '../problems/failure.ts';
import type { ChannelConfig, DaemonSettings } from '../ruleset.ts';
import { compileEgress } from '../values/egress.ts';
import { isObject } from '../values/json.ts';
import { joinPointer, segmentsOf, valueAt } from '../values/pointer.ts';
import { type ProxySetting, readProxyUrl } from '../values/proxy.ts';
import { HTTP_URL, readUrl } from '../values/url.ts';
import type { Fragment } from './compile.ts';
import { stableText } from './entry.ts';
import type { CompileTools } from './registry.ts';

/** Adds the settings of `daemon:` for connections to a channel, which restarts when they change. */
export function withNetwork(
  channel: ChannelConfig,
  { egress, proxy }: DaemonSettings,
  { fingerprint }: Pick<CompileTools, 'fingerprint'>,
): ChannelConfig {
  if (egress === undefined && proxy === undefined) return channel;
  const network = { ...(egress !== undefined && { egress }), ...(proxy !== undefined && { proxy }) };
  const address = proxy instanceof Secret ? proxy.reveal() : proxy;
  return { ...channel, network, fingerprint: fingerprint(stableText([channel.fingerprint, egress, address])) };
}

/** Settings that may hold the address of a server. */
const ADDRESSES = ['url', 'api', 'host'];

/** Reports servers and proxies of channels that `daemon.egress` denies whatever their names resolve to. */
export function deniedServers(fragments: readonly Fragment[], tools: Pick<CompileTools, 'channels'>): Problem[] {
  const owner = fragments.find(({ daemon }) => daemon !== undefined);
  const { egress: settings, proxy, heartbeat } = owner?.daemon ?? {};
  if (owner === undefined || settings === undefined) return [];
  const egress = compileEgress(settings);
  const types = new Map(tools.channels.map((type) => [type.type, type]));
  const found: Problem[] = [];
  const report = (fragment: Fragment, place: Place, hosts: readonly string[], what: string): void => {
    const denial = hosts.map((host) => egress.denialOfHost(host)).find((each) => each !== undefined);
    if (denial !== undefined) found.push(problem(fragment, place, denial, what));
  };
  report(owner, { pointer: '/daemon', names: ['proxy'] }, hostsOf(proxy), 'the proxy');
  const watcher = heartbeat === undefined ? undefined : readUrl(heartbeat.url.reveal(), HTTP_URL);
  if (watcher?.ok === true)
    report(
      owner,
      { pointer: '/daemon/heartbeat', names: ['url'] },
      [watcher.url.host],
      'the receiver of the heartbeat',
    );
  for (const fragment of fragments) {
    for (const { name, type, settings: given } of fragment.channels) {
      const pointer = joinPointer('/channels', name);
      const endpoints = types.get(type)?.uses?.(given).endpoints ?? [];
      const hosts = endpoints.map(({ host }) => host);
      report(fragment, { pointer, names: ADDRESSES }, hosts, `the server of the channel \`${name}\``);
      const own = (given as { readonly proxy?: ProxySetting }).proxy;
      report(fragment, { pointer, names: ['proxy'] }, hostsOf(own), `the proxy of the channel \`${name}\``);
    }
  }
  return found;
}

function hostsOf(proxy: ProxySetting | undefined): readonly string[] {
  const read = proxy instanceof Secret ? readProxyUrl(proxy.reveal()) : undefined;
  return read?.ok === true ? [read.url.host] : [];
}

interface Place {
  readonly pointer: string;
  /** Settings below the pointer, of which the first that is given has the address. */
  readonly names: readonly string[];
}

function problem({ file, document }: Fragment, { pointer, names }: Place, denial: string, what: string): Problem {
  const settings = valueAt(document?.data, segmentsOf(pointer));
  const name = names.find((each) => isObject(settings) && settings[each] !== undefined);
  const position =
    name === undefined ? document?.locate(pointer, 'key') : document?.locate(joinPointer(pointer, name), 'value');
  return {
    file,
    ...(position ?? { line: 1, column: 1 }),
    code: 'channel.egress_denied',
    message: `\`${denial}\` denies ${what}`,
    mend: 'add its address to `daemon.egress.allow`, or use another one',
  };
}
