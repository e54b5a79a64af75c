/** One per channel: its own connection pool, resolver and limits. */
export interface HttpClient {
  /**
   * One request, one answer; redirects are not followed. At most 64 KiB of the answer are read. Rejects with a `SendFailure`
   * whose class tells whether the request may have reached the far side; its message names no URL.
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}
