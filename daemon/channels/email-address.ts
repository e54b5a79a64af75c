export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

// RFC 5321, 4.1.2, without quoted local parts and address literals of IPv6, which nobody is written to by a daemon. Strict
// on purpose: what could end an address, begin another or a new line is none. Letters beyond ASCII are RFC 6531.
const ADDRESS =
  /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)*[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;
const LONGEST = 254;

/** `ops@example.com` or `Ops <ops@example.com>`: one address. Undefined when it is none. */
export function parseAddress(text: string): MailAddress | undefined {
  const written = text.trim();
  const named = /^([^<>]*)<([^<>]*)>$/.exec(written);
  const name = unquoted((named?.[1] ?? '').trim());
  const address = (named?.[2] ?? written).trim();
  if (address.length > LONGEST || !ADDRESS.test(address) || /\p{Cc}/u.test(name)) return undefined;
  return { name, address };
}

/** The addresses, or the place of the first that is none. */
export function parseAddresses(texts: readonly string[]): readonly MailAddress[] | { readonly wrong: number } {
  const parsed = texts.map(parseAddress);
  const wrong = parsed.indexOf(undefined);
  return wrong === -1 ? (parsed as readonly MailAddress[]) : { wrong };
}

export const domainOf = ({ address }: MailAddress): string => address.slice(address.lastIndexOf('@') + 1);

const unquoted = (name: string): string => name.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1');
