import { headOf } from '../text/text.ts';
import { domainOf, type MailAddress } from './address.ts';

/** Texts of mail headers for services that take them ready-made. */

/** Bytes of UTF-8 in one encoded word, which has at most 75 characters. https://www.rfc-editor.org/rfc/rfc2047#section-2 */
const MAX_WORD_BYTES = 45;

/** Writes a text in ASCII, with encoded words for other characters. */
export function encodedWords(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  const words: string[] = [];
  for (let rest = text; rest !== ''; ) {
    // A grapheme of more than 45 bytes is split between its characters.
    const head = headOf(rest, MAX_WORD_BYTES) || String.fromCodePoint(rest.codePointAt(0)!);
    words.push(`=?UTF-8?B?${Buffer.from(head, 'utf8').toString('base64')}?=`);
    rest = rest.slice(head.length);
  }
  return words.join(' ');
}

/** Address with the domain as in the DNS. */
export const wireAddress = (address: MailAddress): string =>
  `${address.address.slice(0, address.address.lastIndexOf('@'))}@${domainOf(address)}`;

/** `Ops <ops@example.com>`; a name with other characters than letters, digits and blanks stands in quotes. RFC 5322, 3.4. */
export function headerAddress(address: MailAddress): string {
  const { name } = address;
  if (name === '') return wireAddress(address);
  const shown = /^[\p{L}\p{N} ]+$/u.test(name) ? name : `"${name.replace(/["\\]/g, String.raw`\$&`)}"`;
  return `${shown} <${wireAddress(address)}>`;
}

/** Several addresses in one header. */
export const headerAddresses = (addresses: readonly MailAddress[]): string => addresses.map(headerAddress).join(', ');

/** The same in ASCII. */
export function asciiHeaderAddress(address: MailAddress): string {
  const { name } = address;
  return /^[ -~]*$/.test(name) ? headerAddress(address) : `${encodedWords(name)} <${wireAddress(address)}>`;
}
