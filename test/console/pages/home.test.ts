import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { firstToken, openConsole, SHOWN } from '../support/open-console.ts';
import { HOSTILE, openScenario } from '../support/scenario.ts';

test.skipIf(!hasBrowser)(
  `the first page counts what needs attention and shows what happens, as text; a pause holds the list still${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const page = await openConsole(await openBrowser(), home);
    await page
      .getByRole('link', { name: /wrong-token/ })
      .first()
      .waitFor(SHOWN);
    expect(await page.locator('.numbers').innerText()).toMatch(/2\s+dead letters/);
    const list = page.getByRole('list', { name: 'Live' });
    await list.getByText(HOSTILE).first().waitFor(SHOWN);
    const emit = (subject: string): Promise<unknown> =>
      home.call('POST', '/v1/events', { type: 'seen.live', subject, data: {} });
    await page.getByText('live', { exact: true }).waitFor(SHOWN);
    await emit('before the pause');
    await list.getByText('before the pause').waitFor(SHOWN);
    await page.getByRole('button', { name: 'Pause' }).click();
    await emit('in the pause');
    await page.getByRole('button', { name: 'Resume (1 new)' }).waitFor(SHOWN);
    expect(await list.getByText('in the pause').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume (1 new)' }).click();
    await list.getByText('in the pause').waitFor(SHOWN);
    await page.keyboard.press('/');
    await page.keyboard.type('before the');
    await list.getByText('in the pause').waitFor({ ...SHOWN, state: 'detached' });
    expect(page.url()).toContain('text=before');
  },
);

test.skipIf(!hasBrowser)(`the connection to a daemon with nothing to report stays open${needsBrowser}`, async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules('channels:\n  out: { type: log }\n');
  await home.start();
  const page = await openConsole(await openBrowser(), home, { at: 'login', token: null });
  const answers: string[] = [];
  let connections = 0;
  page.on('websocket', (socket) => {
    connections += 1;
    socket.on('framereceived', ({ payload }) => answers.push(String(payload)));
  });
  await page.getByLabel('Token').fill(await firstToken(home));
  await page.getByRole('button', { name: 'Log in' }).click();
  // Longer than the silence after which a connection is taken as lost.
  await expect.poll(() => answers.filter((answer) => answer === '{"kind":"pong"}').length, SHOWN).toBeGreaterThan(4);
  expect(connections).toBe(1);
});

/** Port that is free now, for a daemon that is started on it twice. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.skipIf(!hasBrowser)(
  `a daemon that hangs or dies is reported, and the page goes on by itself when it is back: nothing is missing, nothing is doubled${needsBrowser}`,
  async () => {
    const home = await Home.make();
    onTestFinished(() => home.close());
    const daemon = `daemon:\n  state: ${home.path('state')}\n  listen: 127.0.0.1:${await freePort()}\n  log: { format: json }\n`;
    await writeFile(
      home.path('rules', 'rules.yaml'),
      `${daemon}channels:\n  out: { type: log }\nrules:\n  - { name: all, on: api, message: { title: t }, notify: out }\n`,
    );
    await home.start();
    const emit = (subject: string): Promise<unknown> =>
      home.call('POST', '/v1/events', { type: 'counted', subject, data: {} });
    const page = await openConsole(await openBrowser(), home, { at: 'events?type=counted' });
    await emit('one');
    const rows = page.getByRole('list', { name: 'Events' }).getByRole('listitem');
    await rows.filter({ hasText: 'one' }).waitFor(SHOWN);
    // A daemon that hangs keeps its connections open.
    home.signal('SIGSTOP');
    await page.getByText('The daemon does not answer').waitFor(SHOWN);
    home.signal('SIGCONT');
    await page.getByText('live', { exact: true }).waitFor(SHOWN);
    await home.kill();
    await page.getByText('The daemon does not answer').waitFor(SHOWN);
    expect(await rows.filter({ hasText: 'one' }).count()).toBe(1);
    await home.start();
    await emit('two');
    await page.getByText('live', { exact: true }).waitFor(SHOWN);
    await rows.filter({ hasText: 'two' }).waitFor(SHOWN);
    await emit('three');
    await rows.filter({ hasText: 'three' }).waitFor(SHOWN);
    expect(await rows.count()).toBe(3);
  },
);
