import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { openFixture } from '../../support/daemon-fixture.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds } from '../support/report.ts';

/** 50,000 in the short form, a million with 100 rounds. */
const PENDING = Math.min(1_000_000, Math.max(50_000, 10_000 * ROUNDS));
const BATCH = 1000;
/** Bytes of memory for one delivery that waits: its entry in the index of the pending ones, not its text. */
const MAX_BYTES_EACH = 200;
/** By default 1 GiB of deliveries may wait, which is less than a million of these. */
const LIMITS = '  limits: { queue: 8GiB }\n';
const TEXT = 'x'.repeat(400);

/** Resident memory of a process, bytes. */
const memoryOf = (pid: number): number =>
  1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

test('a backlog that waits needs memory for its index only, is there after a kill, lets events in, and drains without a loss', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  const rules = (paused: boolean): string =>
    `channels:\n  ops: { type: webhook, url: "${receiver.origin}/ops", delivery: { paused: ${paused}, concurrency: 32 } }\n` +
    '  other: { type: webhook, url: "' +
    `${receiver.origin}/other" }\nrules:\n  - { name: all, on: api, match: { type: a }, message: { title: "{{ data.text }}" }, notify: ops }\n` +
    '  - { name: other, on: api, match: { type: b }, notify: other }\n';
  const rounds = new Rounds('a backlog', ['I9', 'I1']);
  await home.rules(rules(true), 'rules.yaml', LIMITS);
  await home.start();
  const empty = memoryOf(home.pid);
  for (let from = 0; from < PENDING; from += BATCH) {
    const events = Array.from({ length: BATCH }, () => ({ type: 'a', data: { text: TEXT } }));
    expect((await home.call('POST', '/v1/events', events)).status).toBe(202);
  }
  rounds.add('deliveries that wait', PENDING);
  await home.kill();
  const begin = performance.now();
  await home.start();
  rounds.add('ms to ready with them', Math.round(performance.now() - begin));
  const full = memoryOf(home.pid);
  rounds.add('MB of memory without them', Math.round(empty / 1e6));
  rounds.add('MB with them', Math.round(full / 1e6));
  expect(full - empty).toBeLessThan(64e6 + MAX_BYTES_EACH * PENDING);
  await fixture.post({ type: 'b' });
  await receiver.until(({ channel }) => channel === 'other');
  await home.rules(rules(false), 'rules.yaml', LIMITS);
  await home.call('POST', '/v1/reload');
  const delivered = async (): Promise<number> =>
    (await home.call<{ deliveries: Record<string, number> }>('GET', '/v1/status')).body.deliveries['delivered']!;
  await expect.poll(delivered, { timeout: 3_600_000, interval: 500 }).toBe(PENDING + 1);
  rounds.add('MB after the drain', Math.round(memoryOf(home.pid) / 1e6));
  rounds.end([], '');
  expect(new Set(receiver.got.map(({ id }) => id)).size).toBe(PENDING + 1);
  await fixture.audited();
});
