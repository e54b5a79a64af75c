/**
 * Request of an attempt and its answer, as they are stored and shown: secrets masked, long texts cut. A channel that does not speak
 * HTTP has words of its own for `method`, `url` and `status`: `RUN`, the program and its exit code.
 */
export interface Exchange {
  readonly request: ExchangeRequest;
  /** Absent if none came. */
  readonly answer?: ExchangeAnswer;
  /** Number of requests that the attempt sent, if it sent several; this is the last one. */
  readonly requests?: number;
}

export interface ExchangeRequest {
  readonly method: string;
  /** Address without its user, and without the path and query where these are secret. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the whole body, if `body` does not have all of it. */
  readonly body_bytes?: number;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the part that was read, at most 64 KiB, if `body` does not have all of it. */
  readonly body_bytes?: number;
}

export const MAX_REQUEST_BODY_BYTES = 16 * 1024;
export const MAX_ANSWER_BODY_BYTES = 4 * 1024;
