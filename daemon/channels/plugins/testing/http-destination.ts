import { openHttpClient } from '../../kit/http/client.ts';
import type { Destination, ResponseKind } from './contract.ts';
import { openTestServer, type TestServer, type ServerAnswer, type ReceivedRequest } from './test-server.ts';

/** Answer to a message, or to the request for an access token before it. */
export type ProviderAnswer = ServerAnswer | { readonly aside: Readonly<Record<string, ServerAnswer>> };

export interface HttpDestinationOptions {
  /** The channel's settings, given where the server listens. */
  settings(origin: string): unknown;
  /** Answers of the provider that differ from plain HTTP. */
  readonly responses: Partial<Record<ResponseKind, ServerAnswer>>;
  /** Answers to requests below a path, such as those for an access token. They are not among the received ones. */
  readonly aside?: Readonly<Record<string, ServerAnswer>>;
  /** Text of a request that the tests look at. If not given, the body; of a form its fields as a JSON object. */
  received?(request: ReceivedRequest): string;
}

const PLAIN_HTTP: Readonly<Record<ResponseKind, ServerAnswer>> = {
  success: { status: 200 },
  refusal: { status: 400 },
  rateLimited: { status: 429, headers: { 'retry-after': '7' } },
  serverError: { status: 500 },
  hang: { hang: true },
};

/** The body; of a form its fields as JSON, unless a field is repeated: the suite then compares the names of the fields. */
function readable({ form, text }: ReceivedRequest): string {
  const fields = Object.keys(form).length;
  return fields > 0 && fields === new URLSearchParams(text).size ? JSON.stringify(form) : text;
}

/** Cases of a contract for a provider whose answers to too many messages and to an error of its own say no more than the status. */
export const PLAIN_HTTP_FAILURES = {
  rateLimited: { code: 'http.429' },
  serverError: { code: 'http.500' },
  hang: { code: 'http.no_answer' },
} as const;

/** A provider on the loopback, for the contract suite. */
export async function openHttpDestination(
  options: HttpDestinationOptions,
): Promise<Destination<ProviderAnswer> & { readonly sink: TestServer }> {
  const sink = await openTestServer();
  for (const [path, answer] of Object.entries(options.aside ?? {})) sink.answerAside(path, answer);
  const http = openHttpClient();
  return {
    sink,
    settings: options.settings(sink.origin),
    tools: { http },
    refuseWith(answer) {
      if (!('aside' in answer)) return sink.answer(answer);
      for (const [path, fixed] of Object.entries(answer.aside)) sink.answerAside(path, fixed);
    },
    respondWith: (kind) => sink.answer(options.responses[kind] ?? PLAIN_HTTP[kind]),
    received: () => sink.requests.map((request) => options.received?.(request) ?? readable(request)),
    arrived: (count) => sink.arrived(count),
    async close() {
      await http.close();
      await sink.close();
    },
  };
}
