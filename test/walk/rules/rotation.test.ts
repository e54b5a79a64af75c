import { rename, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openTestServer } from '../../support/test-server.ts';

test('an edited secret file is taken over by itself, also when it was replaced by rename', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const server = await openTestServer();
  onTestFinished(() => server.close());
  const secret = home.path('secret');
  await writeFile(secret, 'first-secret\n');
  await home.rules(`channels:
  out: { type: webhook, url: "${server.origin}/out", headers: { x-key: "\${file:${secret}}" } }
rules:
  - { name: all, on: api, notify: [out] }
`);
  await home.start();
  const keyOf = async (number: number): Promise<unknown> => {
    await home.call('POST', '/v1/events', { type: 't' });
    await expect.poll(() => server.requests.length, { timeout: 20_000 }).toBe(number);
    return server.requests.at(-1)!.headers['x-key'];
  };
  expect(await keyOf(1)).toBe('first-secret');
  const from = home.lines.length;
  await writeFile(home.path('new'), 'second-secret\n');
  await rename(home.path('new'), secret);
  await home.logged(({ msg }) => msg === 'reload: applied', from);
  expect(await keyOf(2)).toBe('second-secret');
  const later = home.lines.length;
  await writeFile(secret, 'third-secret\n');
  await home.logged(({ msg }) => msg === 'reload: applied', later);
  expect(await keyOf(3)).toBe('third-secret');
  expect(home.output).not.toMatch(/(first|second|third)-secret/);
});
