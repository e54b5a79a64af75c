import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../support/browser.ts';
import { Home } from '../support/daemon.ts';
import { openPathProxy } from '../support/path-proxy.ts';
import { firstToken, openConsole, SHOWN } from './support/open-console.ts';

const RULES = `
channels:
  journal: { type: log }
rules:
  - { name: all, on: api, message: { title: hello }, notify: journal }
`;

const startedHome = async (daemon = ''): Promise<Home> => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(RULES, 'rules.yaml', daemon);
  await home.start();
  return home;
};

const ticketUrl = async (home: Home, ...args: string[]): Promise<string> =>
  (await home.belfry(['console', ...args])).stdout.trim();

/** Texts of the buttons on the page of the channel. */
async function actionsIn(page: Page): Promise<readonly string[]> {
  await page.goto(`${page.url().split('#')[0]}#/channels/journal`);
  await page.getByText('It sends.').waitFor(SHOWN);
  return page.locator('main .card').getByRole('button').allInnerTexts();
}

test.skipIf(!hasBrowser)(
  `a pasted token and the address of \`belfry console\` log in; the address works once, and scope read sees no actions${needsBrowser}`,
  async () => {
    const home = await startedHome();
    const browser = await openBrowser();
    const pasted = await openConsole(browser, home, { token: null });
    await pasted.getByLabel('Token').fill('wrong');
    await pasted.getByRole('button', { name: 'Log in' }).click();
    await pasted.getByText('a valid token is needed').waitFor(SHOWN);
    await pasted.getByLabel('Token').fill(await firstToken(home));
    await pasted.getByRole('button', { name: 'Log in' }).click();
    await pasted.getByText('first · admin').waitFor(SHOWN);
    expect(await actionsIn(pasted)).toContain('Send a test');

    const url = await ticketUrl(home, '--scope', 'read');
    const page = await openConsole(browser, home, { token: null, base: url.split('#')[0]!, at: url.split('#/')[1]! });
    await page.getByText('console of socket · read').waitFor(SHOWN);
    expect(page.url()).not.toContain('ticket');
    expect(await actionsIn(page)).toEqual([]);
    expect(await page.context().cookies()).toEqual([]);

    // The session outlives a restart of the daemon; the ticket does not work a second time.
    const session = await page.evaluate(() => sessionStorage.getItem('belfry.token'));
    await home.stop();
    await home.start();
    const { status, body } = await home.call('GET', '/v1/token', undefined, { authorization: `Bearer ${session}` });
    expect([status, body]).toEqual([200, { name: 'console of socket', scopes: ['read'] }]);
    const again = await openConsole(browser, home, { token: null, at: url.split('#/')[1]! });
    await again.getByText('this ticket was used').waitFor(SHOWN);
    expect(again.url()).not.toContain('ticket');
  },
);

test.skipIf(!hasBrowser)(
  `the console works below a path that a proxy leaves in the requests${needsBrowser}`,
  async () => {
    let address = '';
    const proxy = await openPathProxy({ path: '/belfry', removes: false, to: () => address });
    const home = await startedHome(`  public_url: ${proxy.url}/\n`);
    ({ address } = home);
    const url = await ticketUrl(home);
    const [base, at] = url.split('#/') as [string, string];
    expect(base).toBe(`${proxy.url}/`);
    const page = await openConsole(await openBrowser(), home, { token: null, base, at });
    await page.getByText('console of socket · admin').waitFor(SHOWN);
    await page.getByText('live', { exact: true }).waitFor(SHOWN);
    expect(await actionsIn(page)).toContain('Send a test');
  },
);
