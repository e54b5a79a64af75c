import type { Receipt } from '../../../core/delivery/delivery.ts';
import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import { isObject, parseJson } from '../../../core/values/json.ts';
import { cleanLine, cutToBytes } from '../text/text.ts';
import type { ChannelRequest } from './request.ts';
import { failureOf, type HttpAnswer, isSuccess, retryAfterOf, shown, type StatusTweaks } from './failures.ts';

/** Meaning of one error code of a provider. */
export interface CodeMeaning {
  readonly class: FailureClass;
  /** Used if the provider gives no text. */
  readonly message: string;
  /** Milliseconds to wait; a longer `Retry-After` wins. */
  readonly retryAfter?: number;
  readonly rateLimited?: true;
  readonly misconfigured?: true;
  readonly ofRecipient?: true;
}

/** The message is wrong; other messages may pass. */
export const permanent = (message: string): CodeMeaning => ({ class: 'permanent', message });
/** The channel's settings are wrong: every message would fail. */
export const misconfigured = (message: string): CodeMeaning => ({ class: 'permanent', misconfigured: true, message });
export const transient = (message: string): CodeMeaning => ({ class: 'transient', message });
/** The whole channel pauses. */
export const rateLimited = (message: string, retryAfter?: number): CodeMeaning => ({
  class: 'transient',
  rateLimited: true,
  message,
  ...(retryAfter !== undefined && { retryAfter }),
});
/** One recipient has to wait; others may get the message. */
export const recipientLimited = (message: string, retryAfter: number): CodeMeaning => ({
  class: 'transient',
  ofRecipient: true,
  message,
  retryAfter,
});
/** Table for several codes, separated by spaces, with the same meaning. */
export const each = (codes: string, meaning: CodeMeaning): Record<string, CodeMeaning> =>
  Object.fromEntries(codes.split(' ').map((code) => [code, meaning]));

/** Argument of `read`; `json` is empty when the body is not a JSON object. */
export interface ReadableAnswer extends HttpAnswer {
  readonly json: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch, for providers that say until when to wait. */
  readonly now: number;
  /** The request that it answers, for providers that name only the recipients that they refuse. */
  readonly request?: ChannelRequest;
}

/** Result that is stated in an answer of the provider. */
export type ProviderResult =
  | {
      readonly ok: true;
      /** Message id for the receipt. */
      readonly id?: string;
      /** Recipients that the provider refused, while it took the message for others. */
      readonly refused?: string;
    }
  | {
      readonly ok: false;
      readonly code: string | number;
      readonly message?: string;
      /** Milliseconds that the body asks to wait. */
      readonly retryAfter?: number;
    };

/** Description of the answers of a provider. */
export interface Answers {
  /** Result in the answer; undefined when the answer is not one of the provider, such as the login page of a proxy. */
  read(answer: ReadableAnswer): ProviderResult | undefined;
  readonly codes?: Readonly<Record<string | number, CodeMeaning>>;
  /** Meaning that depends on more than the code; takes precedence over `codes`. */
  meaning?(refusal: ProviderResult & { readonly ok: false }, answer: ReadableAnswer): CodeMeaning | undefined;
  /** Messages and `misconfigured` of HTTP statuses without a known code. */
  readonly statuses?: StatusTweaks;
  /** Status, besides 2xx, of a success: the provider has the message from an earlier attempt. */
  readonly repeatStatus?: number;
}

/** Text of an answer; empty for any other value. */
export const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Id of a message for the receipt; nothing for any other value. */
export const idIn = (value: unknown): { readonly id?: string } =>
  typeof value === 'number' || (typeof value === 'string' && value !== '') ? { id: `${value}` } : {};

const MAX_RECEIPT_BYTES = 1024;

/** Receipt or failure for an answer. `name` is the part before the dot of a failure's code. */
export function judgeAnswer(
  name: string,
  answers: Answers,
  answer: HttpAnswer & { readonly request?: ChannelRequest },
  now: number,
): (Receipt & { readonly refused?: string }) | SendFailure {
  const readable = { ...answer, json: jsonOf(answer.text), now };
  const result = answers.read(readable);
  if (result?.ok === true && (isSuccess(answer.status) || answer.status === answers.repeatStatus)) {
    const { ok: _, ...found } = result;
    return { ...found, status: answer.status, answer: shown(answer.text, MAX_RECEIPT_BYTES) };
  }
  const refusal = result?.ok === false ? result : undefined;
  const known = refusal && (answers.meaning?.(refusal, readable) ?? meaningOf(answers.codes, refusal.code));
  if (known === undefined && !isSuccess(answer.status))
    return failureOf(answer, now, answers.statuses, refusal?.retryAfter);
  const detail = { status: answer.status, body: shown(answer.text) };
  if (refusal === undefined)
    return new SendFailure('unknown', `${name}.unreadable`, 'the answer is not one of the provider', detail);
  const { class: failureClass, message, ...meaning } = known ?? UNLISTED;
  const header = retryAfterOf(answer.headers['retry-after'], now);
  const pause = Math.max(meaning.retryAfter ?? 0, refusal.retryAfter ?? 0, header ?? 0);
  return new SendFailure(failureClass, `${name}.${refusal.code}`, readableText(refusal.message ?? '') || message, {
    ...detail,
    ...(failureClass === 'transient' && pause > 0 && { retryAfter: pause }),
    ...(meaning.rateLimited !== undefined && { rateLimited: true }),
    ...(meaning.misconfigured !== undefined && { misconfigured: true }),
    ...(meaning.ofRecipient !== undefined && { ofRecipient: true }),
  });
}

/** A code comes from the provider, so it may be the name of a property that every object has. */
function meaningOf(codes: Answers['codes'] = {}, code: string | number): CodeMeaning | undefined {
  return Object.hasOwn(codes, code) ? codes[code] : undefined;
}

/** Meaning of an unknown code: the provider refused the message, and nothing says that a retry would help. */
const UNLISTED: CodeMeaning = permanent('refused, with a code that is not documented');

/** JSON object in a text; empty if there is none. */
export function jsonOf(text: string): Record<string, unknown> {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const MAX_TEXT_BYTES = 300;

/** The provider's text without additions for its support: hints, addresses, links. */
function readableText(text: string): string {
  const line = cleanLine(text.slice(0, 4 * MAX_TEXT_BYTES)).replace(/[,.]?\s*(?:hint:|from ip:|more info at).*$/i, '');
  return cutToBytes(line.replace(/https?:\/\/\S+/g, '').trim(), MAX_TEXT_BYTES);
}
