import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { HOSTILE } from '../support/scenario.ts';

/** Daemon with dead letters of one channel, which works now. */
async function withDead(
  count: number,
  slow = 'rate: 9/1s',
): Promise<{ readonly home: Home; readonly sink: TestServer }> {
  const sink = await openTestServer();
  onTestFinished(() => sink.close());
  sink.answer({ status: 422, body: { error: 'no' } });
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(`
channels:
  sink: { type: webhook, url: "${sink.origin}/hook", delivery: { concurrency: 1 } }
  other: { type: webhook, url: "${sink.origin}/other" }
  slow: { type: webhook, url: "${sink.origin}/slow", delivery: { ${slow} } }
rules: [{ name: all, on: api, message: { title: "{{ data.n }}" }, notify: [sink] }]
`);
  await home.start();
  const events = Array.from({ length: count }, (_, n) => ({ type: 'a', data: { n: n === 0 ? HOSTILE : n } }));
  await home.call('POST', '/v1/events?wait=20s', events);
  sink.forget();
  sink.answer({ status: 200 });
  return { home, sink };
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click(SHOWN);
const bodies = ({ requests }: TestServer) => requests.map(({ json }) => (json as { title: string }).title);

test.skipIf(!hasBrowser)(
  `two people send the same dead letters at once from two browsers, and nothing is sent twice${needsBrowser}`,
  async () => {
    const { home, sink } = await withDead(40);
    const browser = await openBrowser();
    const pages = await Promise.all([1, 2].map(() => openConsole(browser, home, { at: 'dead' })));
    for (const page of pages) {
      await press(page, 'Resend these 40…');
      await page.getByText('40 dead letters').waitFor(SHOWN);
    }
    await Promise.all(pages.map((page) => press(page, 'Send 40')));
    for (const page of pages) await page.getByText('There are no dead letters').waitFor(SHOWN);
    expect(bodies(sink)).toHaveLength(40);
    expect(new Set(bodies(sink)).size).toBe(40);
  },
);

test.skipIf(!hasBrowser)(
  `a resend shows its progress, is paused, and a cancel leaves the rest in the file${needsBrowser}`,
  async () => {
    const { home, sink } = await withDead(3, 'rate: 1/1h');
    const page = await openConsole(await openBrowser(), home, { at: 'dead?do=resend' });
    await page.getByLabel('to another channel').check();
    await page.getByRole('dialog').getByRole('combobox').selectOption('slow');
    await press(page, 'Send 3');
    const job = page.getByLabel('Resends');
    await job.getByText('1 of 3').waitFor(SHOWN);
    await job.getByText('in 2h').waitFor(SHOWN);
    await press(page, 'Pause');
    await job.getByText('paused', { exact: true }).waitFor(SHOWN);
    await press(page, 'Cancel');
    await job.getByText('2 not sent, still in the file').waitFor(SHOWN);
    await page.getByText('2 shown').waitFor(SHOWN);
    expect(sink.requests.map(({ path }) => path)).toEqual(['/slow']);
    expect(await home.deadLetters()).toHaveLength(2);
  },
);

test.skipIf(!hasBrowser)(
  `a letter is edited with the difference shown, also when somebody else has edited it meanwhile, and sent elsewhere${needsBrowser}`,
  async () => {
    const { home, sink } = await withDead(1);
    const page = await openConsole(await openBrowser(), home, { at: 'dead' });
    await page.getByRole('link', { name: HOSTILE.slice(0, 10) }).click(SHOWN);
    await page.locator('h1').getByText(HOSTILE).waitFor(SHOWN);
    await press(page, 'Edit');
    await page.getByLabel('Title', { exact: true }).fill('by ann');
    const [{ id }] = (await home.deadLetters()) as [{ id: string }];
    await home.call('PATCH', `/v1/dead/${id}`, { message: { body: 'by bob' } });
    await press(page, 'Save');
    const alert = page.getByRole('alert');
    await alert.getByText('Somebody has changed it meanwhile').waitFor(SHOWN);
    expect(await alert.getByRole('definition').textContent()).toContain('by bob');
    await press(page, 'Save');
    await page.getByText('Saved.').waitFor(SHOWN);
    await press(page, 'Resend…');
    await page.getByLabel('to another channel').check();
    await page.getByRole('dialog').getByRole('combobox').selectOption('other');
    await press(page, 'Send 1');
    await page.getByText('is not in the file any more').waitFor(SHOWN);
    expect(sink.requests.map(({ path, json }) => [path, (json as { title: string }).title])).toEqual([
      ['/other', 'by ann'],
    ]);
  },
);

test.skipIf(!hasBrowser)(
  `a token that may only read sees the letters and no button that changes one${needsBrowser}`,
  async () => {
    const { home } = await withDead(1);
    await home.rules(
      `channels: { sink: { type: log } }\nrules: [{ name: all, on: api, notify: [sink] }]\n`,
      'rules.yaml',
      '  tokens: [{ name: reader, token: reader-reader-reader, scopes: [read] }]\n',
    );
    await expect
      .poll(
        async () =>
          (
            await fetch(`http://${home.address}/v1/token`, {
              headers: { authorization: 'Bearer reader-reader-reader' },
            })
          ).status,
      )
      .toBe(200);
    const [{ id }] = (await home.deadLetters()) as [{ id: string }];
    const page = await openConsole(await openBrowser(), home, {
      at: `dead/${id}?edit=1`,
      token: 'reader-reader-reader',
    });
    await page.getByText('http.422').first().waitFor(SHOWN);
    const names = await page.locator('main button').allTextContents();
    expect(names.map((name) => name.trim())).toEqual(['CLI', 'curl']);
  },
);
