import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { DeliveryView } from '../../../daemon/http/daemon-api.ts';
import { openFixture } from '../../support/daemon-fixture.ts';
import { NOWHERE, openDnsServer } from '../support/dns-server.ts';
import { Rounds } from '../support/report.ts';
import { latencyOf, postEvery, shownLatency, TIMED } from './latency.ts';

const EVENTS = 150;
const EVERY_MS = 10;

/** Names whose server fails in one way, and the code of the failure. */
const LYING = {
  silent: 'net.dns',
  servfail: 'net.dns',
  refused: 'net.dns',
  nxdomain: 'net.dns',
  truncated: 'net.dns',
  empty: 'net.dns',
  garbage: 'net.dns',
  'wrong-id': 'net.dns',
} as const;

/** Whether a file of the system can be replaced for one process. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const skipped = mayMount() ? '' : ' (skipped: needs root and unshare)';

test.skipIf(skipped !== '')(
  `a name server that is silent or lies fails the deliveries of its names as transient, and delays no other name${skipped}`,
  async () => {
    const fixture = await openFixture(onTestFinished);
    const { home, receiver } = fixture;
    const names = await openDnsServer(home.folder);
    onTestFinished(async () => names.close());
    home.wrapper = names.wrapper;
    const { port } = new URL(receiver.origin);
    const channel = (name: string): string =>
      `  ${name}: { type: webhook, url: "http://${name}.test:${port}/${name === 'good' ? name : 'hook'}" }\n`;
    const rule = (name: string): string =>
      `  - { name: ${name}, on: api, match: { type: ${name} }, ${TIMED}, notify: [good, ${name}] }\n`;
    await home.rules(
      `channels:\n${['good', ...Object.keys(LYING)].map(channel).join('')}rules:\n${Object.keys(LYING).map(rule).join('')}` +
        `  - { name: baseline, on: api, match: { type: baseline }, ${TIMED}, notify: good }\n`,
    );
    await home.start();
    const rounds = new Rounds('a name server that fails', ['I10']);
    const goodUnder = async (type: string) => {
      await postEvery(fixture, type, { count: EVENTS, everyMs: EVERY_MS });
      await receiver.until((got) => got.channel === 'good' && got.rule === type, EVENTS);
      return latencyOf(receiver.got.filter((got) => got.channel === 'good' && got.rule === type));
    };
    const baseline = await goodUnder('baseline');
    const lines = [`good name alone: ${shownLatency(baseline)}`];
    for (const [name, code] of Object.entries(LYING)) {
      const beside = await goodUnder(name);
      lines.push(
        `good name beside ${name}: ${shownLatency(beside, baseline)}; ${names.asked.get(`${name}.test`)} questions`,
      );
      const failed = async (): Promise<DeliveryView | undefined> => {
        const { body } = await home.call<{ deliveries: DeliveryView[] }>(
          'GET',
          `/v1/deliveries?channel=${name}&limit=1000`,
        );
        return body.deliveries.find(({ attempts }) => attempts.length > 0);
      };
      await expect.poll(failed, { timeout: 60_000 }).toMatchObject({
        state: 'pending',
        attempts: expect.arrayContaining([expect.objectContaining({ class: 'transient', code })]) as unknown,
      });
      rounds.end([], name);
    }
    process.stderr.write(`${lines.join('\n')}\n`);
    expect(receiver.got.filter((got) => got.channel !== 'good')).toEqual([]);
    expect(new Set(receiver.got.map(({ id }) => id)).size).toBe(receiver.got.length);
    expect(await home.deadLetters()).toEqual([]);
    await fixture.audited();
  },
);

test.skipIf(skipped !== '')(
  `with deny_private a name that turns private after its check is not dialled${skipped}`,
  async () => {
    const fixture = await openFixture(onTestFinished);
    const { home } = fixture;
    const names = await openDnsServer(home.folder);
    onTestFinished(async () => names.close());
    home.wrapper = names.wrapper;
    let connections = 0;
    const inside = createServer((_, answer) => answer.end()).on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => void inside.close());
    const { port } = inside.address() as AddressInfo;
    const kinds = ['private', 'rebinding', 'mixed'];
    await home.rules(
      `channels:\n${kinds.map((name) => `  ${name}: { type: webhook, url: "http://${name}.test:${port}/", delivery: { timeout: 2s, retry: [100ms, 100ms, 100ms] } }\n`).join('')}` +
        `rules: [{ name: all, on: api, notify: [${kinds.join(', ')}] }]\n`,
      'rules.yaml',
      `  egress: { deny_private: true, allow: [${NOWHERE}] }\n`,
    );
    await home.start();
    await fixture.post({ type: 'a' });
    // Denied addresses end a delivery; one that is allowed and leads nowhere is tried again until its schedule ends.
    await expect.poll(async () => (await home.deadLetters()).length, { timeout: 120_000 }).toBe(kinds.length);
    const codes = Object.fromEntries(
      (await home.deadLetters()).map(({ channel, error }) => [channel, (error as { code: string }).code]),
    );
    process.stderr.write(`deny_private: ${JSON.stringify(codes)}, ${connections} connections to a private address\n`);
    expect(codes).toMatchObject({ private: 'net.egress_denied', rebinding: 'net.egress_denied' });
    expect(names.asked.get('rebinding.test')).toBeGreaterThan(1);
    expect(connections).toBe(0);
  },
);
