import type { DaemonFixture } from '../../support/daemon-fixture.ts';
import type { Got } from '../../support/receiver.ts';

/** Milliseconds from the post of an event to the last byte of its notification. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** The title of a notification is the time of its post. */
export const TIMED = 'message: { title: "{{ data.at }}" }';

/** Posts `count` events of a type, one each `everyMs`; resolves when all are answered. */
export async function postEvery(
  { home }: Pick<DaemonFixture, 'home'>,
  type: string,
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
): Promise<readonly string[]> {
  const begin = performance.now();
  const posts: Promise<string>[] = [];
  for (let number = 0; number < count; number += 1) {
    const wait = begin + number * everyMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const event = { type, data: { at: Date.now() } };
    posts.push(
      home.call<{ events: { id: string }[] }>('POST', '/v1/events', event).then(({ body }) => body.events[0]!.id),
    );
  }
  return await Promise.all(posts);
}

export function latencyOf(got: readonly Got[]): Latency {
  const waits = got.map(({ at, title }) => at - Number(title)).toSorted((a, b) => a - b);
  const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]!;
  return { p50: at(0.5), p99: at(0.99) };
}

export const shownLatency = ({ p50, p99 }: Latency, baseline?: Latency): string =>
  `p50 ${p50} ms, p99 ${p99} ms${baseline === undefined ? '' : ` (${(p99 / Math.max(1, baseline.p99)).toFixed(1)} x)`}`;
