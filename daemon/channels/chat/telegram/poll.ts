import { SendFailure } from '../../../core/problems/failure.ts';
import { isObject } from '../../../core/values/json.ts';
import { Deadline } from '../../../lib/async/abort.ts';
import { Backoff } from '../../../lib/async/retry.ts';
import { pause } from '../../../lib/time/clock.ts';
import type { ListenTools } from '../../channel.ts';
import { jsonOf } from '../../kit/http/answers.ts';
import { cutText, UTF16 } from '../../kit/text/text.ts';
import { type CallbackQuery, editOf, readQuery } from './query.ts';

/** Seconds for which Telegram keeps a request for updates open while there are none. */
const POLL_SECONDS = 50;
/** Wait for its answer, and for that to another call. */
const POLL_MS = (POLL_SECONDS + 10) * 1000;
const CALL_MS = 10_000;
/** Longest wait after a failure. Two programs that poll for one bot end each other's requests, so each must leave time to the other. */
const MAX_BACKOFF_MS = 60_000;
/** Characters of the text that Telegram shows for a press. https://core.telegram.org/bots/api#answercallbackquery */
const MAX_ANSWER = 200;

/** Refusal of Telegram. */
class Refusal extends Error {
  readonly code: number;
  readonly retryAfterMs: number | undefined;

  constructor(code: number, description: string, retryAfterMs: number | undefined) {
    super(description);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Fetches presses until the signal aborts. `base` is the URL of the bot; it contains the token. */
export async function pollPresses(base: string, tools: ListenTools): Promise<void> {
  const { signal, clock } = tools;
  const bot = new Bot(base, tools);
  const backoff = new Backoff(1000, MAX_BACKOFF_MS);
  let offset: number | undefined;
  while (!signal.aborted) {
    try {
      offset ??= Number((await tools.position.read()) ?? 0);
      offset = await bot.handleNext(offset);
      tools.onFault(undefined);
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      tools.onFault(faultText(error));
      const retryAfter = error instanceof Refusal ? error.retryAfterMs : undefined;
      if (retryAfter === undefined) await backoff.wait(clock, signal);
      else await pause(clock, retryAfter, signal);
    }
  }
}

/** Description of a failure and of what to do about it. */
function faultText(error: unknown): string {
  const { message } = error as Error;
  if (!(error instanceof Refusal)) return `presses of buttons are not fetched: ${message}`;
  const { code } = error;
  if (code === 409)
    return /webhook/i.test(message)
      ? `presses of buttons are not fetched: a webhook is set for this bot, which excludes getUpdates (${message}); call deleteWebhook`
      : `presses of buttons may be lost: another program fetches the updates of this bot (${message}); give Belfry a bot of its own`;
  return `presses of buttons are not fetched: Telegram answers ${code}: ${message}`;
}

/** Methods of the bot. */
class Bot {
  readonly #base: string;
  readonly #tools: ListenTools;

  constructor(base: string, tools: ListenTools) {
    this.#base = base;
    this.#tools = tools;
  }

  /** Waits for one update and handles it; returns the offset of the next. One at a time, because an answer has at most 64 KiB. */
  async handleNext(offset: number): Promise<number> {
    const asked = { timeout: POLL_SECONDS, limit: 1, allowed_updates: ['callback_query'], offset };
    const updates = await this.#call('getUpdates', asked, POLL_MS);
    const [update] = Array.isArray(updates) ? (updates as readonly unknown[]) : [];
    if (!isObject(update) || typeof update.update_id !== 'number') return offset;
    const query = readQuery(update.callback_query);
    if (query !== undefined) await this.#handle(query);
    const next = update.update_id + 1;
    await this.#tools.position.write(String(next));
    return next;
  }

  /** A press that cannot be stored is thrown, and its update is fetched again. Failures of the answer are only logged: the press counts. */
  async #handle(query: CallbackQuery): Promise<void> {
    const { token, name, chat } = query;
    const answer = await this.#tools.press({ token, name, chat });
    const shown = { text: cutText(answer.text, MAX_ANSWER, UTF16), show_alert: !answer.isDone };
    await this.#try('answerCallbackQuery', { callback_query_id: query.id, ...shown });
    const edit = editOf(query, answer);
    if (edit !== undefined) await this.#try(edit.method, edit.body);
  }

  async #try(method: string, body: object): Promise<void> {
    try {
      await this.#call(method, body, CALL_MS);
    } catch (error) {
      const { message } = error as Error;
      // Another press may have made the same change, and a press may be too old to be answered.
      if (/not modified|query is too old|query id is invalid/i.test(message)) return;
      this.#tools.log.warn({ method, error: message }, 'the answer to a press of a button failed');
    }
  }

  async #call(method: string, body: object, ms: number): Promise<unknown> {
    const { http, clock, signal } = this.#tools;
    const ending = new Deadline(clock, ms, signal);
    try {
      const { status, text } = await http.request({
        url: `${this.#base}/${method}`,
        headers: { 'user-agent': 'Belfry', 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ending,
      });
      return resultOf(status, text);
    } finally {
      ending.close();
    }
  }
}

function resultOf(status: number, text: string): unknown {
  const { ok, result, error_code: code, description, parameters } = jsonOf(text);
  if (ok === true) return result;
  if (ok !== false)
    throw new SendFailure('unknown', 'telegram.unreadable', `the answer (${status}) is not one of Telegram`);
  const seconds = isObject(parameters) ? parameters.retry_after : undefined;
  const retryAfter = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
  throw new Refusal(
    typeof code === 'number' ? code : status,
    typeof description === 'string' ? description : '',
    retryAfter,
  );
}
