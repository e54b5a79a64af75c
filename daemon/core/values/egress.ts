import ipaddr from 'ipaddr.js';
import { isAddress, type Network, readHost, readNetwork } from './network.ts';

/** `daemon.egress`, compiled to plain data. */
export interface EgressSettings {
  readonly denyPrivate: boolean;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** Addresses to which channels may connect. */
export interface Egress {
  /** Setting that denies a connection to the address, such as `daemon.egress.deny`; undefined if it is allowed. `name`: the host name that has the address. */
  denialOf(address: string, name?: string): string | undefined;
  /** The same for a host that another machine connects to, so that the address of a name is not known here. */
  denialOfHost(host: string): string | undefined;
}

interface Entry {
  /** The host name; undefined for a network. */
  readonly name?: string;
  readonly network?: Network;
  readonly denies: boolean;
  /** Grows with the exactness of the entry: a name is more exact than a network, a small network than a large one. */
  readonly rank: number;
}

const NAME_RANK = 129;
const IPV4_OFFSET = 96;

/** Reads an entry of `allow` or `deny`: a host name, an address or a network; undefined if it is none of these. */
function readEntry(text: string, denies: boolean): Entry | undefined {
  const network = readNetwork(text);
  if (network !== undefined)
    return { network, denies, rank: network[1] + (network[0].kind() === 'ipv4' ? IPV4_OFFSET : 0) };
  const name = readHost(text);
  return name === undefined ? undefined : { name: plainName(name), denies, rank: NAME_RANK };
}

export const isEgressEntry = (text: string): boolean => readEntry(text, true) !== undefined;

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** Compiles valid settings. The most exact entry that fits decides; of two equal ones the one in `deny`. Without an entry, `deny_private` decides. */
export function compileEgress({ denyPrivate, allow, deny }: EgressSettings): Egress {
  const entries = [
    ...deny.flatMap((text) => readEntry(text, true) ?? []),
    ...allow.flatMap((text) => readEntry(text, false) ?? []),
  ].sort((a, b) => b.rank - a.rank || Number(b.denies) - Number(a.denies));
  const decide = (fits: (entry: Entry) => boolean, isPublic: () => boolean): string | undefined => {
    const entry = entries.find(fits);
    if (entry !== undefined) return entry.denies ? 'daemon.egress.deny' : undefined;
    return denyPrivate && !isPublic() ? 'daemon.egress.deny_private' : undefined;
  };
  const denialOf = (address: string, name?: string): string | undefined => {
    const forms = formsOf(address);
    const wanted = name === undefined ? undefined : plainName(name);
    return decide(
      (entry) =>
        entry.network === undefined
          ? entry.name === wanted
          : // An address that cannot be read counts as part of every denied network.
            forms === undefined
            ? entry.denies
            : forms.some((form) => isIn(form, entry.network!)),
      () => forms !== undefined && isPublic(forms.at(-1)!),
    );
  };
  return {
    denialOf,
    denialOfHost(host) {
      if (isAddress(withoutZone(host))) return denialOf(host);
      if (isLocalName(plainName(host))) {
        const denials = LOOPBACK.map((address) => denialOf(address, host));
        return denials.includes(undefined) ? undefined : denials[0];
      }
      return decide(
        ({ name }) => name === plainName(host),
        () => true,
      );
    },
  };
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
const LOOPBACK = ['127.0.0.1', '::1'];
const isLocalName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const isIn = (address: Address, [range, bits]: Network): boolean =>
  address.kind() === range.kind() && address.match(range, bits);

const withoutZone = (text: string): string => text.replace(/%.*$/s, '');

/** The address, and those to which a connection to it goes; undefined if it cannot be read. */
function formsOf(text: string): readonly Address[] | undefined {
  const plain = withoutZone(text);
  if (!isAddress(plain)) return undefined;
  const address = ipaddr.parse(plain);
  const embedded = address instanceof ipaddr.IPv6 ? embeddedIpv4(address) : undefined;
  const forms = embedded === undefined ? [address] : [address, embedded];
  // The kernel connects to this machine: https://www.rfc-editor.org/rfc/rfc1122#section-3.2.1.3
  return forms.at(-1)!.range() === 'unspecified' ? [...forms, ...LOOPBACK.map((own) => ipaddr.parse(own))] : forms;
}

/** Prefixes of IPv6 addresses that contain an IPv4 address, and its offset in bytes. */
const EMBEDDINGS: readonly (readonly [prefix: Network, offset: number])[] = (
  [
    // IPv4-mapped and IPv4-compatible: https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5
    ['::ffff:0:0', 96, 12],
    ['::', 96, 12],
    // IPv4-translated: https://www.rfc-editor.org/rfc/rfc7915
    ['::ffff:0:0:0', 96, 12],
    // NAT64: https://www.rfc-editor.org/rfc/rfc6052#section-2.1
    ['64:ff9b::', 96, 12],
    // 6to4: https://www.rfc-editor.org/rfc/rfc3056#section-2
    ['2002::', 16, 2],
  ] as const
).map(([prefix, bits, offset]) => [[ipaddr.parse(prefix), bits], offset] as const);

function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const found = EMBEDDINGS.find(([prefix]) => isIn(address, prefix));
  if (found === undefined) return undefined;
  const [, offset] = found;
  const bytes = address.toByteArray();
  // `::` and `::1` are addresses of their own.
  if (bytes.slice(0, 15).every((byte) => byte === 0)) return undefined;
  return new ipaddr.IPv4(bytes.slice(offset, offset + 4));
}

/** Global unicast addresses: https://www.iana.org/assignments/ipv6-address-space */
const GLOBAL_IPV6: Network = [ipaddr.parse('2000::'), 3];
/** Ranges of the library that everybody may reach; `as112` are public name servers. */
const PUBLIC_RANGES = new Set(['unicast', 'as112', 'as112v6']);

/** Whether the address is reachable from everywhere, by https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. */
function isPublic(address: Address): boolean {
  return PUBLIC_RANGES.has(address.range()) && (address.kind() === 'ipv4' || isIn(address, GLOBAL_IPV6));
}
