import { request } from 'undici';
import type { Target } from './target.ts';

export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Sends a request to the TCP listener; by default a POST of a JSON object. */
export async function send(
  { origin }: Pick<Target, 'origin'>,
  path: string,
  { method = 'POST', headers = {}, body = method === 'POST' ? '{}' : undefined }: SendOptions = {},
): Promise<Sent> {
  const answer = await request(`${origin}${path}`, {
    method: method as 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body }),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** Data of the stored events of a source, oldest first. */
export async function storedData<T = unknown>({ home }: Target, source: string): Promise<T[]> {
  const { body } = await home.call<{ events: { id: string }[] }>(
    'GET',
    `/v1/events?source=${encodeURIComponent(source)}&order=asc&limit=1000`,
  );
  const events = body.events.map(
    async ({ id }) => (await home.call<{ event: { data: T } }>('GET', `/v1/events/${id}`)).body,
  );
  return (await Promise.all(events)).map(({ event }) => event.data);
}

/** Number of stored events of a source. */
export async function storedCount({ home }: Target, source: string): Promise<number> {
  const { body } = await home.call<{ events: unknown[] }>(
    'GET',
    `/v1/events?source=${encodeURIComponent(source)}&limit=1000`,
  );
  return body.events.length;
}
