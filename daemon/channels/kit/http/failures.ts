import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import { cutToBytes } from '../text/text.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** First and last status of a range. */
export type StatusRange = readonly [number, number];

const ANY_2XX: readonly StatusRange[] = [[200, 299]];

export const isSuccess = (status: number, ranges: readonly StatusRange[] = ANY_2XX): boolean =>
  ranges.some(([first, last]) => status >= first && status <= last);

interface Row {
  readonly statuses: StatusRange;
  readonly class: FailureClass;
  readonly message: string;
  readonly code?: string;
  readonly misconfigured?: true;
  readonly rateLimited?: true;
}

const one = (status: number): StatusRange => [status, status];

/** Classes of HTTP statuses; the first row that fits counts. https://www.rfc-editor.org/rfc/rfc9110#section-15 */
const ROWS: readonly Row[] = [
  { statuses: one(401), class: 'permanent', message: 'the credentials were refused', misconfigured: true },
  { statuses: one(403), class: 'permanent', message: 'access was refused', misconfigured: true },
  { statuses: one(404), class: 'permanent', message: 'there is nothing at this address' },
  { statuses: one(407), class: 'permanent', message: 'a proxy wants credentials', misconfigured: true },
  { statuses: one(408), class: 'transient', message: 'the server waited too long for the request' },
  { statuses: one(410), class: 'permanent', message: 'the address is gone for good' },
  { statuses: one(413), class: 'permanent', message: 'the message is too large for the server' },
  { statuses: one(425), class: 'transient', message: 'the server asks to send it again' },
  { statuses: one(429), class: 'transient', message: 'too many requests', rateLimited: true },
  { statuses: [500, 599], class: 'transient', message: 'the server has an error' },
  {
    statuses: [300, 399],
    class: 'permanent',
    code: 'http.redirect',
    message: 'the server redirects, and redirects are not followed',
    misconfigured: true,
  },
  { statuses: [400, 499], class: 'permanent', message: 'the server refused the request' },
  { statuses: [200, 299], class: 'permanent', message: 'the answer does not count as success' },
  { statuses: [0, 999], class: 'unknown', message: 'the answer has a status that HTTP does not know' },
];

/** Changes to the table for one provider. */
export type StatusTweaks = Readonly<Record<number, { readonly misconfigured?: boolean; readonly message?: string }>>;

/** For an address that is itself the credential: if nothing is there, all messages of the channel will fail. */
export const ADDRESS_IS_CREDENTIAL: StatusTweaks = {
  404: { misconfigured: true, message: 'there is no bot or webhook at this address' },
  410: { misconfigured: true, message: 'the bot or webhook is gone' },
};

/**
 * Failure for an answer without success. `now` (milliseconds since the epoch) is for a `Retry-After` that is a date;
 * `bodyRetryAfter` (milliseconds) is the pause that the body contains.
 */
export function failureOf(
  answer: HttpAnswer,
  now: number,
  tweaks: StatusTweaks = {},
  bodyRetryAfter?: number,
): SendFailure {
  const { status } = answer;
  const row = ROWS.find(({ statuses }) => isSuccess(status, [statuses])) ?? ROWS.at(-1)!;
  const { misconfigured = row.misconfigured, message = row.message } = tweaks[status] ?? {};
  const header = row.class === 'transient' ? retryAfterOf(answer.headers['retry-after'], now) : undefined;
  const pauses = [header, row.class === 'transient' ? bodyRetryAfter : undefined].filter((ms) => ms !== undefined);
  return new SendFailure(row.class, row.code ?? `http.${status}`, message, {
    status,
    body: shown(answer.text),
    ...(pauses.length > 0 && { retryAfter: Math.max(...pauses) }),
    ...(row.rateLimited !== undefined && { rateLimited: true }),
    ...(misconfigured === true && { misconfigured: true }),
  });
}

/** Converts a pause of a body from seconds, also with a fraction, to milliseconds; at most 24 h. */
export const secondsOf = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && seconds >= 0 ? Math.min(Math.ceil(seconds * 1000), MAX_PAUSE_MS) : undefined;

/** Converts the end of a pause, in seconds since the epoch, to milliseconds from now; at most 24 h. */
export const untilSeconds = (end: string | undefined, now: number): number | undefined =>
  /^\d{1,12}$/.test(end ?? '') ? Math.min(Math.max(0, Number(end) * 1000 - now), MAX_PAUSE_MS) : undefined;

const MAX_PAUSE_MS = 24 * 60 * 60 * 1000;

/** An HTTP date has a time of day; the asctime form has no zone. https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7 */
const HTTP_DATE = /\d\d:\d\d:\d\d/;
const ZONE = /(?:GMT|UTC|Z|[+-]\d\d:?\d\d)$/;

/** `Retry-After` in milliseconds from now, at most 24 h: seconds or an HTTP date; undefined when it is neither. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function retryAfterOf(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const ms = /^\d+(?:\.\d+)?$/.test(text)
    ? Number(text) * 1000
    : HTTP_DATE.test(text)
      ? Date.parse(ZONE.test(text) ? text : `${text} GMT`) - now
      : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, Math.round(ms)), MAX_PAUSE_MS);
}

const MAX_SHOWN_BYTES = 4096;

/** Beginning of an answer, for receipts and dead letters. */
export function shown(text: string, bytes = MAX_SHOWN_BYTES): string {
  return cutToBytes(text, bytes);
}
