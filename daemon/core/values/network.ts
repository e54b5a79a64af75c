import ipaddr from 'ipaddr.js';

/** A network: an address and the length of its prefix in bits. */
export type Network = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

const MAPPED_BITS = 96;

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; undefined if invalid. Zones and short forms such as `192.168`, which
 * some programs read as `192.0.0.168`, are invalid.
 */
export function readNetwork(text: string): Network | undefined {
  const [, written, length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (written === undefined || !isAddress(written)) return undefined;
  const address = ipaddr.parse(written);
  const maxBits = address.kind() === 'ipv4' ? 32 : 128;
  const bits = length === undefined ? maxBits : Number(length);
  if (bits > maxBits) return undefined;
  // `::ffff:192.0.2.1` counts as the IPv4 address in it, as it does for clients that connect.
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= MAPPED_BITS;
  return isMapped ? [address.toIPv4Address(), bits - MAPPED_BITS] : [address, bits];
}

/** Whether the text is an address in the network. */
export function isWithin(text: string, [range, bits]: Network): boolean {
  if (!isAddress(text)) return false;
  const address = ipaddr.process(text);
  return address.kind() === range.kind() && address.match(range, bits);
}

export const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'));

/** Bits of an IPv6 address that name the network of one customer, who has all addresses in it. */
const CUSTOMER_BITS = 64;

/**
 * The client of a connection, for limits by address: an IPv4 address as it is, of an IPv6 address its network of 64 bits. Undefined for the
 * loopback and for a Unix socket: there programs of this machine connect, also for others, as a reverse proxy does.
 */
export function clientNetwork(remote: string | undefined): string | undefined {
  const text = remote?.replace(/%.*$/, '');
  if (text === undefined || !isAddress(text)) return undefined;
  const address = ipaddr.process(text);
  if (address.range() === 'loopback') return undefined;
  if (address.kind() === 'ipv4') return address.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${CUSTOMER_BITS}`).toString();
}

const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Reads a host name or address; names beyond ASCII become `xn--...`, as in DNS. IPv6 without brackets. Undefined if invalid. */
export function readHost(text: string): string | undefined {
  if (isAddress(text)) return text;
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(text) || !URL.canParse(`http://${text}/`)) return undefined;
  const name = new URL(`http://${text}/`).hostname;
  const labels = name.replace(/\.$/, '').split('.');
  // A name that ends in a number is an incomplete address.
  const isName = labels.every((label) => LABEL.test(label)) && !/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!);
  return isName && name.length <= MAX_NAME_LENGTH ? name : undefined;
}

const MAX_PORT = 65_535;

/** Reads a port; undefined if invalid. Zero, where it is allowed, means any free port. */
export function readPort(text: string, min = 1): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  return port >= min && port <= MAX_PORT ? port : undefined;
}

/** Reads `host:port` or `[IPv6]:port`; returns the fault if it is invalid. */
export function readHostAndPort(
  text: string,
  minPort = 1,
): { readonly host: string; readonly port: number } | { readonly message: string; readonly mend: string } {
  const [, bracketed, plain, portText = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(.*)$/.exec(text) ?? [];
  const host = bracketed === undefined ? readHost(plain ?? '') : isAddress(bracketed) ? bracketed : undefined;
  if (host === undefined) {
    const mend = 'write it like `127.0.0.1:8765`, `0.0.0.0:8765` or `[::1]:8765`';
    return { message: 'has a host that is neither a name nor an address', mend };
  }
  const port = readPort(portText, minPort);
  if (port === undefined) return { message: 'has a port that does not exist', mend: `use a port up to ${MAX_PORT}` };
  return { host, port };
}
