import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { statusesOf } from '../support/raw.ts';
import { send } from '../support/send.ts';
import { compareTimes } from '../support/timing.ts';
import { openSocket } from '../websocket/client.ts';

const attack = attacksOn({
  rules: () => `sources:
  basic: { type: webhook, path: /hooks/basic, verify: { basic: "ops:password-of-the-hook" } }
`,
});

/** Wrong credentials of one address that are answered in a minute. */
const ANSWERED = 10;

attack('B9', async (target) => {
  const get = (token: string) =>
    send(target, '/v1/status', { method: 'GET', headers: { authorization: `Bearer ${token}` } });
  const answers = [];
  for (let count = 0; count < 1000; count += 1) answers.push(await get(`wrong-${count}`));
  expect(answers.slice(0, ANSWERED).every(({ status }) => status === 401)).toBe(true);
  for (const { status, headers } of answers.slice(ANSWERED)) {
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }
  // Every way in is counted together, and a right credential passes by each.
  const wrongTicket = await send(target, '/v1/console/login', { body: '{"ticket":"wrong"}' });
  const wrongBasic = await send(target, '/hooks/basic', { headers: { authorization: `Basic ${btoa('ops:wrong')}` } });
  const wrongSocket = await openSocket(target, '/v1/feed', { 'Sec-WebSocket-Protocol': 'belfry.v1, bearer.wrong' });
  expect([wrongTicket.status, wrongBasic.status, statusesOf(wrongSocket.received)]).toEqual([429, 429, [429]]);
  expect((await get(target.token)).status).toBe(200);
  const right = `Basic ${btoa('ops:password-of-the-hook')}`;
  expect((await send(target, '/hooks/basic', { headers: { authorization: right } })).status).toBe(202);
  const log = await readFile(target.home.path('state', 'audit.jsonl'), 'utf8');
  expect(log.trimEnd().split('\n').length).toBeLessThan(50);
  expect(log + target.home.output).not.toContain('wrong-1');
  // The time of the answer does not depend on how much of a token is right.
  const { token } = target;
  const times = await compareTimes(
    () => get(`${token.slice(0, -1)}!`),
    () => get(`!${token.slice(1)}`),
    300,
  );
  expect(times.isGross, times.text).toBe(false);
});
