import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import type { Target } from '../support/target.ts';

const attack = attacksOn();

const rule = (name: string): string => `rules:\n  - { name: ${name}, on: api, match: { type: none }, notify: proof }\n`;

/** Names of the live rules. */
async function live({ home }: Target): Promise<string[]> {
  const { body } = await home.call<{ rules: { name: string }[] }>('GET', '/v1/rules');
  return body.rules.map(({ name }) => name).toSorted();
}

const isLive = (target: Target, ...names: readonly string[]): Promise<void> =>
  expect.poll(() => live(target), { timeout: 30_000 }).toEqual([...names, 'proof'].toSorted());

attack('I1', async (target) => {
  const { home } = target;
  const file = home.path('rules', 'saved.yaml');
  await writeFile(file, rule('two').slice(0, 30));
  await writeFile(file, rule('two'));
  await isLive(target, 'two');
  await writeFile(home.path('rules', '4913'), '');
  await rename(file, `${file}~`);
  await writeFile(file, rule('vim'));
  await rm(home.path('rules', '4913'));
  await isLive(target, 'vim');
  await writeFile(home.path('rules', '.saved.yaml.swp'), rule('swap'));
  await home.rules(rule('renamed'), 'saved.yaml');
  await isLive(target, 'renamed');
  await rm(file);
  for (const version of ['v1', 'v2']) {
    await mkdir(home.path(version));
    await writeFile(home.path(version, 'mounted.yaml'), rule(version));
    await symlink(home.path(version), home.path('rules', '..tmp'));
    await rename(home.path('rules', '..tmp'), home.path('rules', '..data'));
    if (version === 'v1') await symlink('..data/mounted.yaml', home.path('rules', 'mounted.yaml'));
    await isLive(target, version);
  }
  await rm(home.path('rules', 'mounted.yaml'));
  await isLive(target);
});

attack('I2', async (target) => {
  const { home } = target;
  const from = home.lines.length;
  for (let round = 0; round < 300; round += 1) home.signal('SIGHUP');
  await writeFile(home.path('rules', 'signalled.yaml'), rule('signalled'));
  home.signal('SIGHUP');
  await isLive(target, 'signalled');
  const reloads = home.lines.slice(from).filter(({ msg }) => msg.startsWith('reload'));
  expect(reloads.length).toBeLessThan(300);
  await rm(home.path('rules', 'signalled.yaml'));
  await isLive(target);
});

attack('I3', async (target) => {
  const { home, receiver } = target;
  const channel = `channels:\n  gone: { type: webhook, url: "${receiver.origin}/gone", delivery: { paused: true } }\n`;
  const rules = 'rules:\n  - { name: gone, on: api, match: { type: attack.gone }, notify: gone }\n';
  await home.rules(channel + rules, 'gone.yaml');
  await isLive(target, 'gone');
  await home.call(
    'POST',
    '/v1/events',
    Array.from({ length: 1000 }, () => ({ type: 'attack.gone' })),
  );
  await rm(home.path('rules', 'gone.yaml'));
  await isLive(target);
  const { body } = await home.call<{ channels: { name: string; state: string; held: number }[] }>('GET', '/v1/status');
  expect(body.channels.find(({ name }) => name === 'gone')).toMatchObject({ state: 'removed', held: 1000 });
  await home.rules(channel.replace('paused: true', 'paused: false') + rules, 'gone.yaml');
  await receiver.until((got) => got.channel === 'gone', 1000);
  await rm(home.path('rules', 'gone.yaml'));
  await isLive(target);
});

attack('I4', async (target) => {
  const { home } = target;
  const seen: { readonly one: string; readonly two: string; readonly answer: ServerResponse }[] = [];
  let isHolding = true;
  const server = createServer((request, answer) => {
    seen.push({ one: String(request.headers['x-one']), two: String(request.headers['x-two']), answer });
    request.resume();
    if (!isHolding) answer.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const secret = (text: string): Promise<void> => writeFile(home.path('rules', 'secret'), text.repeat(1000));
  await secret('old-');
  const headers = '{ x-one: "${file:secret}", x-two: "${file:secret}" }';
  const names = ['keyed1', 'keyed2', 'keyed3', 'keyed4'];
  const channels = names.map(
    (name) =>
      `  ${name}: { type: webhook, url: "http://127.0.0.1:${port}/", headers: ${headers}, delivery: { concurrency: 25, retry: [100ms] } }\n`,
  );
  await home.rules(
    `channels:\n${channels.join('')}rules:\n  - { name: keyed, on: api, match: { type: attack.keyed }, notify: [${names.join(', ')}] }\n`,
    'keyed.yaml',
  );
  await isLive(target, 'keyed');
  const events = Array.from({ length: 50 }, () => ({ type: 'attack.keyed' }));
  await home.call('POST', '/v1/events', events);
  await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(100);
  await secret('new-');
  expect((await home.call<{ ok: boolean }>('POST', '/v1/reload')).body.ok).toBe(true);
  isHolding = false;
  // Every second attempt in flight fails, and is tried again.
  for (const [at, { answer }] of seen.slice(0, 100).entries()) answer.writeHead(at % 2 === 0 ? 200 : 503).end();
  await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(250);
  const used = seen.map(({ one, two }) => (one === two ? `${one.slice(0, 4)} ${one.length}` : 'mixed'));
  expect([new Set(used.slice(0, 100)), new Set(used.slice(100))]).toEqual([
    new Set(['old- 4000']),
    new Set(['new- 4000']),
  ]);
  await rm(home.path('rules', 'keyed.yaml'));
  await isLive(target);
  server.closeAllConnections();
  server.close();
});

/** Whether a process has a handler for SIGHUP, which ends it before. */
async function catchesHangups(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)![1]}`) & 1n) === 1n;
}

attack('I5', async (target) => {
  const { home } = target;
  const file = (name: string): Promise<void> => home.rules(rule(name), 'turns.yaml');
  await file('at-start');
  await home.stop();
  const from = home.lines.length;
  const starting = home.start();
  let signals = 0;
  const isReady = starting.then(() => true);
  while (!(await Promise.race([isReady, new Promise((resolve) => setTimeout(resolve, 5, false))]))) {
    if (!(await catchesHangups(home.pid))) continue;
    home.signal('SIGHUP');
    signals += 1;
  }
  expect(signals).toBeGreaterThan(0);
  await file('after-start');
  home.signal('SIGHUP');
  await isLive(target, 'after-start');

  for (let round = 0; round < 3; round += 1) {
    const reloads = Array.from({ length: 20 }, async (_, at) => {
      if (at % 4 === 0) await file(`turn-${round}-${at}`);
      home.signal('SIGHUP');
      return home.call<{ ok: boolean; generation: number }>('POST', '/v1/reload');
    });
    for (const { status, body } of await Promise.all(reloads)) expect([status, body.ok]).toEqual([200, true]);
  }
  await file('last');
  const { body } = await home.call<{ ok: boolean }>('POST', '/v1/reload');
  expect([body.ok, await live(target)]).toEqual([true, ['last', 'proof']]);
  const generations = home.lines
    .slice(from)
    .flatMap(({ generation }) => (typeof generation === 'number' ? [generation] : []));
  expect(generations.length).toBeGreaterThan(1);
  expect(generations).toEqual(generations.toSorted((a, b) => a - b));

  await file('at-stop');
  const late = Array.from({ length: 20 }, () => home.call('POST', '/v1/reload').catch(() => undefined));
  home.signal('SIGTERM');
  for (let round = 0; round < 50; round += 1) home.signal('SIGHUP');
  expect(await home.exited()).toBe(0);
  await Promise.all(late);
  await rm(home.path('rules', 'turns.yaml'));
  await home.start();
  await isLive(target);
});

attack('I6', async (target) => {
  const { home } = target;
  await home.rules(rule('kept'), 'kept.yaml');
  await isLive(target, 'kept');
  await rm(home.path('rules', 'kept.yaml'));
  await symlink('kept.yaml', home.path('rules', 'kept.yaml'));
  const file = await home.call<{ ok: boolean }>('POST', '/v1/reload');
  expect([file.body.ok, await live(target)]).toEqual([false, ['kept', 'proof']]);
  await rm(home.path('rules', 'kept.yaml'));
  await rename(home.path('rules'), home.path('away'));
  const whole = await home.call<{ ok: boolean }>('POST', '/v1/reload');
  expect([whole.body.ok, await live(target)]).toEqual([false, ['kept', 'proof']]);
  const ready = await home.call<{ ready: boolean; reasons: unknown[] }>('GET', '/readyz');
  expect([ready.body.ready, ready.body.reasons.length > 0]).toEqual([true, true]);
  await rename(home.path('away'), home.path('rules'));
  await home.call('POST', '/v1/reload');
  await isLive(target);
});
