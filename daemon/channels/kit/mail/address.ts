import { readHost } from '../../../core/values/network.ts';
import { CONTROL_CHARACTERS } from '../recipients/names.ts';

export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

// RFC 5321, 4.1.2, without quoted local parts and IPv6 literals, which are not used for notifications. Strict, so that a text
// that could end an address, or begin another one or a new line, is refused. Letters beyond ASCII: RFC 6531.
const LABEL = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?`;
const ADDRESS = new RegExp(String.raw`^[^\s@<>()[\]\\,;:"\p{Cc}\p{Cf}]{1,64}@(?:${LABEL}\.)*${LABEL}$`, 'u');
const DOMAIN =
  /^(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?\.)*[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u;
const MAX_LENGTH = 254;

/** A name without quotes: no characters that separate addresses, begin one or name a group. RFC 5322, 3.4. */
const PLAIN_NAME = /^[^,;:@"<>()[\]\\]*$/;
const QUOTED_NAME = /^"(?:[^"\\]|\\.)*"$/;

/** Parses one address, `ops@example.com` or `Ops <ops@example.com>`; undefined when it is not one. */
export function parseAddress(text: string): MailAddress | undefined {
  const written = text.trim();
  if (CONTROL_CHARACTERS.test(written)) return undefined;
  const named = /^(.*?)<([^<>]*)>$/.exec(written);
  const name = nameOf((named?.[1] ?? '').trim());
  const address = (named?.[2] ?? written).trim();
  if (name === undefined || address.length > MAX_LENGTH || !ADDRESS.test(address)) return undefined;
  return { name, address };
}

function nameOf(written: string): string | undefined {
  if (QUOTED_NAME.test(written)) return written.slice(1, -1).replace(/\\(.)/g, '$1');
  return PLAIN_NAME.test(written) ? written : undefined;
}

/** Parses a list of addresses; `wrong` is the index of the first invalid one. */
export function parseAddresses(texts: readonly string[]): readonly MailAddress[] | { readonly wrong: number } {
  const parsed = texts.map(parseAddress);
  const wrong = parsed.indexOf(undefined);
  return wrong === -1 ? (parsed as readonly MailAddress[]) : { wrong };
}

/** Domain in the form of the DNS, for use in a Message-ID. */
export function domainOf({ address }: MailAddress): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return readHost(domain) ?? domain;
}

/** Whether a text is a name in the DNS that may be used in the header of a mail. */
export const isMailDomain = (text: string): boolean => text.length <= MAX_LENGTH && DOMAIN.test(text);
