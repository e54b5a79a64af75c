import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { en } from '../../../console/texts/en.ts';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { openScenario } from '../support/scenario.ts';

const ACTIONS: readonly string[] = [en.events.retry, en.events.release, en.events.testChannel];

/** Actions that the page of a delivery offers. */
async function offered(page: Page, hash: string): Promise<readonly string[]> {
  await page.goto(`${page.url().split('#')[0]}#/${hash}`);
  await page.locator('.card-actions').waitFor({ ...SHOWN, state: 'attached' });
  const names = await page.locator('main button').allInnerTexts();
  return names.filter((name) => ACTIONS.includes(name));
}

test.skipIf(!hasBrowser)(
  `a token of scope read is offered no action on a delivery, and one of scope admin is${needsBrowser}`,
  async () => {
    const { home, ids } = await openScenario();
    const { body } = await home.call<{ ticket: string }>('POST', '/v1/console/tickets', { scope: 'read' });
    const login = await home.call<{ token: string }>('POST', '/v1/console/login', { ticket: body.ticket });
    const browser = await openBrowser();
    const admin = await openConsole(browser, home);
    const reader = await openConsole(browser, home, { token: login.body.token });
    for (const id of [ids.delivery, ids.dead]) {
      expect(await offered(admin, `deliveries/${id}`)).not.toEqual([]);
      expect(await offered(reader, `deliveries/${id}`)).toEqual([]);
    }
  },
);
