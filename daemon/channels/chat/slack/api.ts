import { Deadline } from '../../../lib/async/abort.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { ListenTools } from '../../channel.ts';
import { jsonOf } from '../../kit/http/answers.ts';
import { retryAfterOf } from '../../kit/http/failures.ts';

const CALL_MS = 10_000;

/** Refusal of Slack; the message is its error code. */
export class SlackRefusal extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(code: string, retryAfterMs?: number) {
    super(code);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Methods of the Web API, called with one token. https://docs.slack.dev/apis/web-api/ */
export class SlackApi {
  readonly base: string;
  readonly #token: Secret;
  readonly #tools: ListenTools;

  constructor(base: string, token: Secret, tools: ListenTools) {
    this.base = base.replace(/\/+$/, '');
    this.#token = token;
    this.#tools = tools;
  }

  /** Rejects with a `SlackRefusal`, or with the failure of the connection. */
  async call(method: string, body: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const { http, clock, signal } = this.#tools;
    const ending = new Deadline(clock, CALL_MS, signal);
    try {
      const { status, headers, text } = await http.request({
        url: `${this.base}/api/${method}`,
        headers: {
          'user-agent': 'Belfry',
          'content-type': 'application/json; charset=utf-8',
          authorization: `Bearer ${this.#token.reveal()}`,
        },
        body: JSON.stringify(body),
        ending,
      });
      const answer = jsonOf(text);
      if (answer.ok === true) return answer;
      const code = typeof answer.error === 'string' ? answer.error : `http.${status}`;
      throw new SlackRefusal(code, retryAfterOf(headers['retry-after'], clock.now()));
    } finally {
      ending.close();
    }
  }

  /** Logs a failure. */
  async tryCall(method: string, body: object): Promise<void> {
    try {
      await this.call(method, body);
    } catch (error) {
      if (this.#tools.signal.aborted) return;
      const { message } = error as Error;
      this.#tools.log.warn({ method, error: message }, 'the answer to a press of a button failed');
    }
  }
}
