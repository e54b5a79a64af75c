import { openHttpClient } from '../../daemon/channels/kit/http/client.ts';
import type { FarSide, FarSideMood } from '../channels/contract.ts';
import { openTestServer, type TestServer, type ServerAnswer, type ReceivedRequest } from './test-server.ts';

export interface HttpFarSideOptions {
  /** The channel's settings, given where the far side listens. */
  settings(origin: string): unknown;
  /** How the provider answers in each mood that differs from plain HTTP. */
  readonly moods: Partial<Record<FarSideMood, ServerAnswer>>;
  /** What a test is shown of a request; its text if not given. */
  received?(request: ReceivedRequest): string;
}

const PLAIN_HTTP: Readonly<Record<FarSideMood, ServerAnswer>> = {
  success: { status: 200 },
  refusal: { status: 400 },
  rateLimited: { status: 429, headers: { 'retry-after': '7' } },
  serverError: { status: 500 },
  hang: { hang: true },
};

/** A provider on the loopback, for the contract suite. */
export async function openHttpFarSide(options: HttpFarSideOptions): Promise<FarSide & { readonly sink: TestServer }> {
  const sink = await openTestServer();
  const http = openHttpClient();
  return {
    sink,
    settings: options.settings(sink.origin),
    tools: { http },
    mood: (mood) => sink.answer(options.moods[mood] ?? PLAIN_HTTP[mood]),
    received: () => sink.requests.map((request) => options.received?.(request) ?? request.text),
    arrived: (count) => sink.arrived(count),
    async close() {
      await http.close();
      await sink.close();
    },
  };
}
