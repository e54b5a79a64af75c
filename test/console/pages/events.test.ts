import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { HOSTILE, openScenario } from '../support/scenario.ts';

const textOf = (page: Page): Promise<string> => page.locator('main').innerText();

test.skipIf(!hasBrowser)(
  `two clicks from the first page say why an event was not sent: the rule, its reason and its end${needsBrowser}`,
  async () => {
    const { home, ids } = await openScenario();
    const page = await openConsole(await openBrowser(), home);
    await page.getByRole('link', { name: 'Events', exact: true }).click(SHOWN);
    await page.locator(`a[data-key="${ids.throttled}"]`).click(SHOWN);
    const card = page.getByRole('region', { name: 'failed-login' });
    await card.getByText('1 within 1h already').waitFor(SHOWN);
    expect(await card.innerText()).toMatch(/throttled[\s\S]*until/);
    expect(await textOf(page)).toContain('every rule that matched kept the event back');

    await page.goto(`http://${home.address}/#/events/${ids.unmatched}`);
    const miss = page.getByRole('region', { name: 'failed-deploy' });
    await miss.getByText('data.branch is "topic", and must be "main"').waitFor(SHOWN);
    expect(await miss.getByRole('row', { name: 'data.branch' }).innerText()).toMatch(/main[\s\S]*topic/);
  },
);

test.skipIf(!hasBrowser)(
  `text of events is text in the list, on the page of an event, and in its messages${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const page = await openConsole(await openBrowser(), home, { at: 'events?type=login.failed' });
    const row = page.getByRole('listitem').filter({ hasText: 'onerror' });
    await row.waitFor(SHOWN);
    expect(await row.innerText()).toContain(HOSTILE);
    await row.getByRole('link').click();
    const card = page.getByRole('region', { name: 'failed-login' });
    await card.getByText('Message', { exact: true }).click(SHOWN);
    await card.getByText(`Failed login of ${HOSTILE}`).waitFor(SHOWN);
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('login.failed · Belfry');
  },
);

test.skipIf(!hasBrowser)(
  `events are run again after their plan, and a second browser sees what came of it${needsBrowser}`,
  async () => {
    const { home, receiver, ids } = await openScenario();
    const browser = await openBrowser();
    const [page, other] = await Promise.all([
      openConsole(browser, home, { at: `events/${ids.unmatched}` }),
      openConsole(browser, home, { at: 'events?type=deploy.finished' }),
    ]);
    await home.rules(
      `channels:\n  ops: { type: webhook, url: "${receiver.origin}/ops" }\nrules:\n  - { name: every-deploy, on: api, match: { type: deploy.finished }, message: { title: deploy }, notify: ops }\n`,
    );
    await home.call('POST', '/v1/reload');
    await page.getByRole('button', { name: 'Run again…' }).click(SHOWN);
    await page.getByRole('row', { name: 'every-deploy' }).getByText('1 notified').waitFor(SHOWN);
    await page.getByRole('button', { name: 'Run 1 event again' }).click();
    await page.getByRole('dialog').getByText('done', { exact: true }).waitFor(SHOWN);
    await receiver.until(({ rule }) => rule === 'every-deploy');
    await other.getByRole('listitem').filter({ hasText: 'every-deploy' }).waitFor(SHOWN);
  },
);

test.skipIf(!hasBrowser)(
  `a token of the scope read sees everything and no button that changes something${needsBrowser}`,
  async () => {
    const { home, ids } = await openScenario();
    const { ticket } = (await home.call<{ ticket: string }>('POST', '/v1/console/tickets', { scope: 'read' })).body;
    const { token } = (await home.call<{ token: string }>('POST', '/v1/console/login', { ticket })).body;
    const page = await openConsole(await openBrowser(), home, { at: `events/${ids.event}`, token });
    const card = page.getByRole('region', { name: 'failed-deploy' });
    await card.getByText('archive').first().waitFor(SHOWN);
    expect(await card.getByRole('button').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Run again…' }).count()).toBe(0);
  },
);
