import {
  type Exchange,
  type ExchangeAnswer,
  type ExchangeRequest,
  MAX_ANSWER_BODY_BYTES,
  MAX_REQUEST_BODY_BYTES,
} from '../../../../core/delivery/exchange.ts';
import { isCredentialHeader } from '../../../../lib/secrets/credential-names.ts';
import type { Scrubber } from '../../../../lib/secrets/scrubber.ts';
import { isPublicHeader } from '../../../../lib/secrets/secret.ts';
import { decoded, queryWithout, textOf, withoutCredentials } from './body.ts';
import type { ExchangeRecord, ReceivedAnswer, SentRequest } from './record.ts';
import { secretsOf, type SettingSecrets } from './secrets.ts';

const MASK = '***';
const SCHEME = /^(?:Basic|Bearer|Digest|Token|Bot|GenieKey|Key|vapid|WEBPUSH)\s/i;
/** Text beyond the limit that is searched, too, so that the beginning of a secret does not stay at the end of a cut text. */
const MARGIN_BYTES = 1024;
/** Longest note of a cut, such as ` (+1911 bytes)`. */
const MAX_NOTE_BYTES = 32;
const MAX_HEADER_CHARS = 512;
const MAX_HEADERS = 64;
/** Headers about the connection and not about the answer. https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const OF_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** Masks the values of one attempt. */
export type ExchangeScrubber = Pick<Scrubber, 'scrub' | 'scrubAnswer'>;

/**
 * Makes the exchanges of one channel fit to be stored. Secrets are found by their text, by the names of headers, parameters and fields,
 * and by the settings of the channel: a header that these give, and the path of a secret URL.
 */
export class ExchangeMask {
  readonly #secrets: SettingSecrets;
  /** Most requests of a channel have the same address and headers as the one before. */
  readonly #headers = new Map<string, { readonly value: string; readonly masked: string }>();
  /** Most answers are as the one before, which was within the same second. */
  #lastAnswer: { readonly given: ReceivedAnswer; readonly masked: ExchangeAnswer } | undefined;
  #url = '';
  #maskedUrl = '';

  constructor(settings: unknown) {
    this.#secrets = secretsOf(settings);
  }

  /** Undefined if nothing was sent. */
  exchangeOf({ request, answer, requests }: ExchangeRecord, scrubber: ExchangeScrubber): Exchange | undefined {
    if (request === undefined) return undefined;
    return {
      request: this.#request(request, scrubber),
      ...(answer !== undefined && { answer: this.#answer(answer, scrubber) }),
      ...(requests > 1 && { requests }),
    };
  }

  #request({ method = 'POST', url, headers = {}, body }: SentRequest, scrubber: ExchangeScrubber): ExchangeRequest {
    const shown: Record<string, string> = {};
    let type = '';
    let count = 0;
    for (const name in headers) {
      const value = headers[name]!;
      const lower = name.toLowerCase();
      if (lower === 'content-type') type = value;
      if (count < MAX_HEADERS) shown[lower] = this.#header(lower, value, scrubber);
      count += 1;
    }
    return {
      method,
      url: this.#address(url, scrubber),
      headers: shown,
      ...(body !== undefined && this.#body(body, type, scrubber)),
    };
  }

  #body(body: string | Buffer, type: string, scrubber: ExchangeScrubber): Pick<ExchangeRequest, 'body' | 'body_bytes'> {
    const limit = MAX_REQUEST_BODY_BYTES;
    const { text, bytes } = textOf(body, limit + MARGIN_BYTES);
    const masked = scrubber.scrub(withoutCredentials(text, type, this.#secrets.values));
    if (bytes <= limit) return { body: masked };
    return { body: cut(masked, limit, bytes), body_bytes: bytes };
  }

  #answer(given: ReceivedAnswer, scrubber: ExchangeScrubber): ExchangeAnswer {
    const before = this.#lastAnswer;
    if (before !== undefined && isSame(before.given, given)) return before.masked;
    const masked = this.#maskedAnswer(given, scrubber);
    this.#lastAnswer = given.text.length > MAX_ANSWER_BODY_BYTES ? undefined : { given, masked };
    return masked;
  }

  #maskedAnswer({ status, headers, text }: ReceivedAnswer, scrubber: ExchangeScrubber): ExchangeAnswer {
    const shown: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers).slice(0, MAX_HEADERS))
      if (!OF_CONNECTION.has(name)) shown[name] = this.#answerHeader(name, value, scrubber);
    if (text === '') return { status, headers: shown };
    const limit = MAX_ANSWER_BODY_BYTES;
    const { text: read, bytes } = textOf(text, limit + MARGIN_BYTES);
    const type = headers['content-type'] ?? '';
    const masked = scrubber.scrubAnswer(withoutCredentials(read, type, this.#secrets.values));
    if (bytes <= limit) return { status, headers: shown, body: masked };
    return { status, headers: shown, body: cut(masked, limit, bytes), body_bytes: bytes };
  }

  /** Header of a request. Values of templates differ, so only the last one is kept. */
  #header(name: string, value: string, scrubber: ExchangeScrubber): string {
    const known = this.#headers.get(name);
    if (known?.value === value) return known.masked;
    const masked = this.#maskedHeader(name, value, scrubber);
    this.#headers.set(name, { value, masked });
    return masked;
  }

  #maskedHeader(name: string, value: string, scrubber: ExchangeScrubber): string {
    const { headers, values } = this.#secrets;
    const isGiven = headers.has(name) && !isPublicHeader(name);
    if (isGiven || isCredentialHeader(name) || values.has(value)) return `${SCHEME.exec(value)?.[0] ?? ''}${MASK}`;
    return shortened(scrubber.scrub(value));
  }

  #answerHeader(name: string, value: string, scrubber: ExchangeScrubber): string {
    if (isCredentialHeader(name) || this.#secrets.values.has(value)) return MASK;
    if (name === 'location' || name === 'content-location') return this.#maskedAddress(value, scrubber);
    return shortened(scrubber.scrubAnswer(value));
  }

  #address(url: string, scrubber: ExchangeScrubber): string {
    if (url !== this.#url || this.#maskedUrl === '') {
      this.#maskedUrl = this.#maskedAddress(url, scrubber);
      this.#url = url;
    }
    return this.#maskedUrl;
  }

  /** Address without its user; of a secret path only `/***` is left. */
  #maskedAddress(address: string, scrubber: ExchangeScrubber): string {
    const unix = /^unix:[^:]*/i.exec(address)?.[0];
    const rest = unix === undefined ? address : address.slice(unix.length + 1);
    if (!URL.canParse(rest, 'http://host')) return MASK;
    const { protocol, host, pathname, search } = new URL(rest, 'http://host');
    const isWhole = /^[a-z][a-z0-9+.-]*:\/\//i.test(rest);
    const origin = unix ?? (isWhole ? `${protocol}//${host}` : '');
    return `${scrubber.scrub(origin)}${unix === undefined ? '' : ':'}${this.#maskedPath(pathname, search, scrubber)}`;
  }

  #maskedPath(pathname: string, search: string, scrubber: ExchangeScrubber): string {
    const { paths, values } = this.#secrets;
    if (paths.some((path) => pathname.includes(path))) return `/${MASK}`;
    const segments = pathname.split('/').map((segment) => (values.has(decoded(segment)) ? MASK : segment));
    const query = search === '' ? '' : `?${queryWithout(search.slice(1), values)}`;
    return scrubber.scrub(`${segments.join('/')}${query}`);
  }
}

function isSame(one: ReceivedAnswer, other: ReceivedAnswer): boolean {
  if (one.status !== other.status || one.text !== other.text) return false;
  for (const name in one.headers) if (one.headers[name] !== other.headers[name]) return false;
  for (const name in other.headers) if (one.headers[name] === undefined) return false;
  return true;
}

const shortened = (value: string): string =>
  value.length <= MAX_HEADER_CHARS ? value : `${value.slice(0, MAX_HEADER_CHARS)}…`;

/** Cuts a text to the limit with the note of its cut, and without the margin that was searched with it. */
function cut(masked: string, limit: number, bytes: number): string {
  const searched = Buffer.byteLength(masked) - MARGIN_BYTES;
  const { text } = textOf(masked, Math.max(0, Math.min(limit - MAX_NOTE_BYTES, searched)));
  return `${text}… (+${bytes - Buffer.byteLength(text)} bytes)`;
}
