import { expect, onTestFinished, test } from 'vitest';
import { openOwnClient } from '../../../../daemon/app/channels/opener.ts';
import { Heartbeat } from '../../../../daemon/app/runtime/self-check/heartbeat.ts';
import { openProxyServer } from '../../../support/proxy-server.ts';
import { rulesetOf } from '../../../support/compile.ts';
import { memoryLog } from '../../../support/delivery.ts';
import { openTestServer, type ServerAnswer } from '../../../support/test-server.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** A heartbeat to a real server. `beat` is a round of the self-check, and resolves when the beat of that round has ended. */
async function open(daemon: (origin: string) => string = (origin) => `heartbeat: { url: "${origin}/beats/a" }`) {
  const server = await openTestServer();
  onTestFinished(() => server.close());
  const clock = new VirtualClock();
  const { log, lines } = memoryLog();
  const results: string[] = [];
  const live = { daemon: rulesetOf(`daemon: { ${daemon(server.origin)} }\n`).daemon };
  const heartbeat = new Heartbeat({
    settings: () => live.daemon,
    clock,
    log,
    open: (network) => openOwnClient(network, {}),
    onBeat: (result) => results.push(result),
  });
  onTestFinished(() => heartbeat.close());
  const beat = async (after = 0): Promise<void> => {
    await clock.advance(after);
    const before = results.length;
    heartbeat.working();
    await expect.poll(() => results.length).toBe(before + 1);
    await clock.advance(0);
  };
  const logged = (): string[] => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  return { server, clock, heartbeat, results, live, beat, logged };
}

test('a daemon that works beats at once, then each `every`, by GET and without a body', async () => {
  const { server, clock, heartbeat, beat } = await open();
  await beat();
  await clock.advance(59_000);
  heartbeat.working();
  await clock.advance(0);
  expect(server.requests).toHaveLength(1);
  await beat(1_000);
  expect(server.requests.map(({ method, path, text }) => [method, path, text])).toEqual([
    ['GET', '/beats/a', ''],
    ['GET', '/beats/a', ''],
  ]);
  expect(heartbeat.fault).toBeUndefined();
});

test('a daemon that does not work does not beat', async () => {
  const { server, clock } = await open();
  await clock.advance(3_600_000);
  expect(server.requests).toEqual([]);
});

test('`every: 1s` beats in each round of the self-check, also when the rounds are a little early', async () => {
  const { server, beat } = await open((origin) => `heartbeat: { url: "${origin}/b", every: 1s }`);
  await beat();
  await beat(990);
  await beat(990);
  expect(server.requests).toHaveLength(3);
});

test.for<readonly [string, ServerAnswer, string]>([
  ['a status that is no success', { status: 500 }, 'the server has an error (http.500)'],
  ['a redirect', { status: 301, headers: { location: '/x' } }, 'redirects are not followed (http.redirect)'],
  ['a check that Healthchecks does not know', { body: 'OK (not found)' }, 'does not know this address'],
  ['a monitor that Uptime Kuma does not know', { body: { ok: false } }, 'does not know this address'],
  ['a connection that is reset', { reset: true }, 'net.'],
])('a beat that failed by %s is a fault, logged once, and tried again after 10 s', async ([, answer, part]) => {
  const { server, heartbeat, results, beat, logged } = await open();
  server.answer(answer);
  await beat();
  await beat(10_000);
  expect(heartbeat.fault).toMatch(/^heartbeat: the watcher did not get the last beat: /);
  expect(heartbeat.fault).toContain(part);
  expect(heartbeat.fault).not.toContain('/beats/a');
  server.answer({ status: 200 });
  await beat(10_000);
  expect(heartbeat.fault).toBeUndefined();
  expect(results).toEqual(['failed', 'failed', 'ok']);
  expect(logged()).toEqual([
    expect.stringMatching(/^heartbeat: the watcher did not/),
    'heartbeat: the watcher gets the beats again',
  ]);
});

test('beats never overlap, and one without an answer fails after 10 s', async () => {
  const { server, clock, heartbeat, results } = await open((origin) => `heartbeat: { url: "${origin}/b", every: 1s }`);
  server.answer({ hang: true });
  heartbeat.working();
  await server.arrived(1);
  for (let second = 0; second < 9; second += 1) {
    await clock.advance(1_000);
    heartbeat.working();
  }
  expect([server.requests.length, results]).toEqual([1, []]);
  await clock.advance(1_000);
  await expect.poll(() => results).toEqual(['failed']);
});

test('a heartbeat that is closed during a beat waits for nothing and leaves no timer', async () => {
  const { server, clock, heartbeat, results } = await open();
  server.answer({ hang: true });
  heartbeat.working();
  await server.arrived(1);
  await heartbeat.close();
  heartbeat.working();
  expect([results, clock.waiting]).toEqual([[], 0]);
});

test('a reload changes the address, or ends the beats and their fault', async () => {
  const { server, clock, heartbeat, live, beat } = await open();
  server.answer({ status: 503 });
  await beat();
  live.daemon = rulesetOf(`daemon: { heartbeat: { url: "${server.origin}/new", every: 5m } }\n`).daemon;
  await beat();
  expect(server.requests.map(({ path }) => path)).toEqual(['/beats/a', '/new']);
  live.daemon = rulesetOf('channels: {}\n').daemon;
  await clock.advance(600_000);
  heartbeat.working();
  expect(heartbeat.fault).toBeUndefined();
  expect(server.requests).toHaveLength(2);
});

test('beats go through the proxy of the daemon', async () => {
  const proxy = await openProxyServer();
  onTestFinished(() => proxy.close());
  const { server, beat } = await open(
    (origin) => `proxy: "http://127.0.0.1:${proxy.port}", heartbeat: { url: "${origin}/b" }`,
  );
  await beat();
  expect(server.requests).toHaveLength(1);
  expect(proxy.requests).toHaveLength(1);
});

test('beats keep to `daemon.egress`', async () => {
  const { heartbeat, server, live, beat } = await open((origin) => `heartbeat: { url: "${origin}/b" }`);
  // A check of the rules refuses this literal address; a name is only known when it is dialled.
  live.daemon = { ...live.daemon, egress: { denyPrivate: true, allow: [], deny: [] } };
  await beat();
  expect(heartbeat.fault).toContain('net.egress_denied');
  expect(server.requests).toEqual([]);
});
