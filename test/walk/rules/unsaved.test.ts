import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { BacktestResult, UnsavedCheck, UnsavedExplanation } from '../../../daemon/http/daemon-api.ts';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';

async function opened(rules: string): Promise<DaemonFixture> {
  const fixture = await openFixture(onTestFinished);
  await fixture.home.rules(fixture.channel + rules);
  await fixture.home.start();
  return fixture;
}

const resultOf = (lines: string) => JSON.parse(lines.trimEnd().split('\n').at(-1)!) as BacktestResult;

test('rules of a request are checked, explained and run over the history, and nothing is sent', async () => {
  const { home, post, receiver, audited } = await opened(`rules:
  - { name: disk, match: { type: disk }, key: "{{ data.host }}", message: { title: "Full: {{ data.host }}" }, notify: ops }
  - { name: cpu, match: { type: cpu }, key: "{{ data.host }}", throttle: { max: 2, per: 1h }, notify: ops }
`);
  const first = await post({ type: 'disk', data: { host: 'db0' } });
  for (let n = 1; n < 12; n += 1) await post({ type: 'disk', data: { host: `db${n % 2}` } });
  for (let n = 0; n < 5; n += 1) await post({ type: 'cpu', data: { host: 'db1' } });
  await receiver.until(() => true, 14);
  const { body: unchanged } = await home.call<string>('POST', '/v1/backtest', { since: '1h' });
  expect(resultOf(unchanged)).toMatchObject({
    was: 14,
    would: 14,
    rules: [
      { rule: 'disk', was: 12, would: 12, examples: [] },
      { rule: 'cpu', was: 2, would: 2, examples: [] },
    ],
  });
  const rules = `rules:
  - { name: disk, match: { type: disk }, key: "{{ data.host }}", dedupe: 1h, message: { title: "Full: {{ data.host }}" }, notify: ops }
`;
  const { body: edited } = await home.call<string>('POST', '/v1/backtest', { since: '1h', rules, base: true });
  expect(resultOf(edited).rules).toMatchObject([
    { rule: 'cpu', was: 2, would: 2 },
    { rule: 'disk', was: 12, would: 2, added: 0, removed: 10, examples: { 0: { title: 'Full: db0', channel: 'ops' } } },
  ]);
  const check = await home.call<UnsavedCheck>('POST', '/v1/check', { rules });
  expect(check.body).toEqual({ valid: true, files: 1, rules: 1, problems: [] });
  const { body: explained } = await home.call<UnsavedExplanation>('POST', '/v1/explain', { id: first, rules });
  expect(explained).toMatchObject({
    valid: true,
    rules: [{ rule: 'disk', outcome: 'notified', key: 'db0', sends: [{ message: { title: 'Full: db0' } }] }],
  });
  const { code, stdout } = await home.belfry(['test', '--history', '1h']);
  expect(stdout).toMatch(/events, 14 messages instead of 14\n2 rules send the same as before\n$/);
  expect(code).toBe(0);
  expect(receiver.deliveries()).toHaveLength(14);
  await audited();
});

test('a hostile text holds up neither the daemon nor other texts, and ends with its request', async () => {
  const { home, post } = await opened('rules: [{ name: r, match: { type: t }, notify: ops }]\n');
  const bomb = `a: &a [${'x,'.repeat(40)}]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]!},`.repeat(40)}]`).join('\n')}\nrules: [*h]\n`;
  const bombed = await home.call<UnsavedCheck>('POST', '/v1/check', { rules: bomb });
  expect(bombed).toMatchObject({ status: 200, body: { valid: false } });
  const slow = `rules:\n${Array.from({ length: 9000 }, (_, n) => `- { name: r${n}, if: "data.a.b == ${n} && data.c", notify: ops }`).join('\n')}\n`;
  const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
  const order: string[] = [];
  const gone = new AbortController();
  const asked = Array.from({ length: 3 }, () =>
    fetch(`http://${home.address}/v1/check`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ rules: slow }),
      signal: gone.signal,
    }).then(
      () => order.push('slow'),
      () => order.push('gone'),
    ),
  );
  await post({ type: 't' });
  order.push('event');
  await home.call('POST', '/v1/check', { rules: 'rules: []' });
  order.push('check');
  gone.abort();
  await Promise.all(asked);
  expect(order).toEqual(['event', 'check', 'gone', 'gone', 'gone']);
  await expect.poll(async () => (await home.call('POST', '/v1/check', { rules: 'rules: []' })).status).toBe(200);
});
