import { SendFailure } from '../../../../core/problems/failure.ts';
import { unlessAborted } from '../../../../lib/async/abort.ts';
import type { Clock } from '../../../../lib/time/clock.ts';
import type { SendIo } from '../../../channel.ts';
import type { Answers } from '../answers.ts';
import type { ChannelRequest } from '../request.ts';

/** Request and answer by which a channel gets a short-lived token for the credentials of an app. */
export interface AccessTokenSource<S> {
  readonly request: (settings: S, api: string) => ChannelRequest;
  /** Meaning of the answers to that request. */
  readonly answers: Answers;
  /** Token and its life in seconds, in the JSON of an answer that `answers` takes for a success. */
  readonly read: (json: Readonly<Record<string, unknown>>) => { readonly token: unknown; readonly seconds: unknown };
  /** Codes of answers to a message which say that the token is not valid any more, separated by spaces. */
  readonly stale: string;
}

/** Token that was fetched. */
export interface AccessToken {
  readonly value: string;
  /** Milliseconds for which it is valid. */
  readonly life: number;
}

/** Time before the end of its life in which a token is not used for a new message. */
const MARGIN_MS = 300_000;

/** Share of a short life that replaces the margin: a provider may give a token again that it has given before. */
const MARGIN_SHARE = 0.1;

export interface AccessTokenDeps {
  readonly clock: Clock;
  readonly fetch: (io: SendIo) => Promise<AccessToken>;
  /** The provider refused a message because of its token. */
  readonly isStale: (failure: SendFailure) => boolean;
}

/** Access token of one channel, fetched with the first message and again before its life ends. */
export class AccessTokenCache {
  readonly #deps: AccessTokenDeps;
  #current: { readonly value: string; readonly usedUntil: number } | undefined;
  #fetching: { readonly io: SendIo; readonly token: Promise<string> } | undefined;

  constructor(deps: AccessTokenDeps) {
    this.#deps = deps;
  }

  /** Calls `send` with a valid token, and once more with a new one if the provider says that the token is stale. */
  async use<T>(io: SendIo, send: (token: string) => Promise<T>): Promise<T> {
    const token = await this.#get(io);
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof SendFailure && this.#deps.isStale(error))) throw error;
      if (this.#current?.value === token) this.#current = undefined;
      return await send(await this.#get(io));
    }
  }

  /** Messages that need a token at the same time share one request, also its failure. */
  async #get(io: SendIo): Promise<string> {
    for (;;) {
      if (this.#current !== undefined && this.#deps.clock.monotonic() < this.#current.usedUntil)
        return this.#current.value;
      const fetching = (this.#fetching ??= this.#begin(io));
      try {
        if (fetching.io === io) return await fetching.token;
        return await unlessAborted(fetching.token, io.ending, tooLate);
      } catch (error) {
        // The deadline of another message ended the request; this one has time left.
        if (fetching.io === io || !fetching.io.ending.aborted || io.ending.aborted) throw unsent(error);
      }
    }
  }

  #begin(io: SendIo): { readonly io: SendIo; readonly token: Promise<string> } {
    const token = this.#fetchNew(io).finally(() => {
      this.#fetching = undefined;
    });
    return { io, token };
  }

  async #fetchNew(io: SendIo): Promise<string> {
    const { value, life } = await this.#deps.fetch(io);
    this.#current = {
      value,
      usedUntil: this.#deps.clock.monotonic() + life - Math.min(MARGIN_MS, life * MARGIN_SHARE),
    };
    return value;
  }
}

const tooLate = (): SendFailure =>
  new SendFailure('transient', 'net.timeout', 'the attempt ended before there was an access token');

/** The same failure, as transient if it was unknown: the message itself was not sent. */
function unsent(error: unknown): unknown {
  if (!(error instanceof SendFailure) || error.class !== 'unknown') return error;
  return new SendFailure('transient', error.code, `no access token: ${error.message}`, error.detail);
}
