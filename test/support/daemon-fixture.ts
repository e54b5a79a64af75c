import { expect } from 'vitest';
import { Home } from './daemon.ts';
import { type Got, openReceiver, type Receiver } from './receiver.ts';

/** A daemon in a temporary folder and an HTTP receiver for its channels. One per test, so that tests that mostly wait run in parallel. */
export interface DaemonFixture {
  readonly home: Home;
  readonly receiver: Receiver;
  /** `channels:` with a webhook `ops` to the receiver. */
  readonly channel: string;
  /** Posts an event. Resolves to its id. */
  readonly post: (event: object) => Promise<string>;
  /** The latest outcome of each rule for an event. */
  readonly outcomes: (id: string) => Promise<Record<string, string>>;
  /** A line for each received delivery. */
  readonly delivered: (line: (got: Got) => string) => string[];
  /** Fails when the stored state is inconsistent. */
  readonly audited: () => Promise<void>;
}

export async function openFixture(onTestFinished: (end: () => Promise<void>) => void): Promise<DaemonFixture> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const receiver = await openReceiver();
  onTestFinished(() => receiver.close());
  return {
    home,
    receiver,
    channel: `channels:\n  ops: { type: webhook, url: "${receiver.origin}/ops" }\n`,
    async post(event) {
      const { body } = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', event);
      return body.events[0]!.id;
    },
    async outcomes(id) {
      const { body } = await home.call<{ outcomes: Record<string, string> }>('GET', `/v1/events/${id}`);
      return body.outcomes;
    },
    delivered: (line) => receiver.deliveries().map(line),
    async audited() {
      const { body } = await home.call<{ violations: string[] }>('GET', '/v1/audit');
      expect(body.violations).toEqual([]);
    },
  };
}
