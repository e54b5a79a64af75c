import { expect } from 'vitest';
import { Home } from '../support/daemon.ts';
import { type Got, openReceiver, type Receiver } from '../support/receiver.ts';

/** A home for a daemon and a far side for its channels, of one test alone: stories that mostly wait are told side by side. */
export interface Stage {
  readonly home: Home;
  readonly far: Receiver;
  /** `channels:` with a webhook `ops` to the far side. */
  readonly channel: string;
  /** Takes one event in. Resolves to its id. */
  readonly post: (event: object) => Promise<string>;
  /** What each rule did with an event when it came. */
  readonly outcomes: (id: string) => Promise<Record<string, string>>;
  /** One line for each delivery that came. */
  readonly told: (line: (got: Got) => string) => string[];
  /** Fails when what is stored contradicts itself. */
  readonly audited: () => Promise<void>;
}

export async function openStage(onTestFinished: (end: () => Promise<void>) => void): Promise<Stage> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const far = await openReceiver();
  onTestFinished(() => far.close());
  return {
    home,
    far,
    channel: `channels:\n  ops: { type: webhook, url: "${far.origin}/ops" }\n`,
    async post(event) {
      const { body } = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', event);
      return body.events[0]!.id;
    },
    async outcomes(id) {
      const { body } = await home.call<{ outcomes: Record<string, string> }>('GET', `/v1/events/${id}`);
      return body.outcomes;
    },
    told: (line) => far.deliveries().map(line),
    async audited() {
      const { body } = await home.call<{ violations: string[] }>('GET', '/v1/audit');
      expect(body.violations).toEqual([]);
    },
  };
}
