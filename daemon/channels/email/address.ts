import { readHost } from '../../core/values/network.ts';
import { UNSEEN } from '../kit/recipients.ts';

export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

// RFC 5321, 4.1.2, without quoted local parts and address literals of IPv6, which nobody is written to by a daemon. Strict
// on purpose: what could end an address, begin another or a new line is none. Letters beyond ASCII are RFC 6531.
const LABEL = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?`;
const ADDRESS = new RegExp(String.raw`^[^\s@<>()[\]\\,;:"\p{Cc}\p{Cf}]{1,64}@(?:${LABEL}\.)*${LABEL}$`, 'u');
const DOMAIN =
  /^(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?\.)*[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u;
const LONGEST = 254;

/** A name without quotes holds nothing that separates addresses, begins one or names a group; RFC 5322, 3.4. */
const PLAIN_NAME = /^[^,;:@"<>()[\]\\]*$/;
const QUOTED_NAME = /^"(?:[^"\\]|\\.)*"$/;

/** `ops@example.com` or `Ops <ops@example.com>`: one address. Undefined when it is none. */
export function parseAddress(text: string): MailAddress | undefined {
  const written = text.trim();
  if (UNSEEN.test(written)) return undefined;
  const named = /^(.*?)<([^<>]*)>$/.exec(written);
  const name = nameOf((named?.[1] ?? '').trim());
  const address = (named?.[2] ?? written).trim();
  if (name === undefined || address.length > LONGEST || !ADDRESS.test(address)) return undefined;
  return { name, address };
}

function nameOf(written: string): string | undefined {
  if (QUOTED_NAME.test(written)) return written.slice(1, -1).replace(/\\(.)/g, '$1');
  return PLAIN_NAME.test(written) ? written : undefined;
}

/** The addresses, or the place of the first that is none. */
export function parseAddresses(texts: readonly string[]): readonly MailAddress[] | { readonly wrong: number } {
  const parsed = texts.map(parseAddress);
  const wrong = parsed.indexOf(undefined);
  return wrong === -1 ? (parsed as readonly MailAddress[]) : { wrong };
}

/** As DNS has it, so that it can stand in an id. */
export function domainOf({ address }: MailAddress): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return readHost(domain) ?? domain;
}

/** A name in the DNS that stands in the header of a mail. */
export const isMailDomain = (text: string): boolean => text.length <= LONGEST && DOMAIN.test(text);
