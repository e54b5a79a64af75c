import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { NO_WATCH, reloadWith, withdraw } from '../support/reload.ts';
import { storedCount } from '../support/send.ts';
import type { Target } from '../support/target.ts';

const attack = attacksOn({ daemon: NO_WATCH });

const stopped = ({ home }: Target, rule: string): Promise<unknown> =>
  home.logged((line) => line.msg === `${rule}: error` && /through \d+ channels/.test(String(line.reason)));

attack('E19', async (target) => {
  const socket = target.home.path('state', 'belfry.sock');
  const rules = `channels:
  again: { type: webhook, url: "unix:${socket}:/v1/events", body: { type: attack.again, source: loop } }
rules:
  - { name: again, match: { type: attack.again }, notify: again }
`;
  expect(await reloadWith(target, rules)).toMatchObject({ ok: true });
  await target.home.call('POST', '/v1/events', { type: 'attack.again', source: 'loop' });
  await stopped(target, 'again');
  expect(await storedCount(target, 'loop')).toBe(12);
  await withdraw(target);
});

attack('E20', async (target) => {
  const folder = target.home.path('watched');
  const rules = `sources:
  watched: { type: files, paths: ["${folder}/*"], settle: 50ms }
channels:
  into: { type: file, path: "${folder}/written.jsonl" }
rules:
  - { name: into, on: watched, notify: into }
  - { name: first, on: api, match: { type: attack.first }, notify: into }
`;
  expect(await reloadWith(target, rules)).toMatchObject({ ok: true });
  await target.home.call('POST', '/v1/events?wait=30s', { type: 'attack.first' });
  await stopped(target, 'into');
  expect(await storedCount(target, 'watched')).toBeLessThanOrEqual(12);
  await withdraw(target);
});
