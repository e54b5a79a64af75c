import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
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
