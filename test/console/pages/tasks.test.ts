import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { openScenario } from '../support/scenario.ts';

/** Presses like a person who begins on the first page; counts the presses. */
function person() {
  let presses = 0;
  return {
    count: () => presses,
    async press(what: Locator): Promise<void> {
      await what.first().waitFor(SHOWN);
      await what.first().click();
      presses += 1;
    },
  };
}

const link = (page: Page, name: string | RegExp): Locator => page.getByRole('main').getByRole('link', { name });
const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name });

test.skipIf(!hasBrowser)(
  `five tasks of a new user take few presses from the first page${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const browser = await openBrowser();

    // Why was it not sent: the live list has it; what the list does not have is one press away.
    const why = await openConsole(browser, home);
    const asks = person();
    await why.getByRole('list', { name: 'Live' }).getByText('disk.usage').first().waitFor(SHOWN);
    await why.getByLabel('Search').fill('acme/nothing');
    await asks.press(link(why, 'All events'));
    await expect.poll(() => why.url(), SHOWN).toContain('#/events?text=acme%2Fnothing');
    await why.getByLabel('Search').fill('acme/web');
    await asks.press(link(why, /acme\/web/));
    await why.getByText('data.branch is "topic", and must be "main"').waitFor(SHOWN);
    expect(asks.count()).toBe(2);

    // Resend what failed since yesterday: a day is chosen, not typed.
    const resend = await openConsole(browser, home);
    const sends = person();
    await sends.press(link(resend, /dead letters/));
    const since = resend.getByLabel('Since');
    await since.waitFor(SHOWN);
    const days = await resend.locator('datalist').first().locator('option').allInnerTexts();
    expect(days).toContain('begin of yesterday');
    await since.fill(
      (await resend.locator('datalist option', { hasText: 'yesterday' }).first().getAttribute('value'))!,
    );
    await expect.poll(() => resend.url(), SHOWN).toContain('since=');
    await sends.press(button(resend, 'Resend these 2…'));
    await sends.press(button(resend, 'Send 2'));
    await resend.getByText('A job with 2 has begun.').waitFor(SHOWN);
    expect(sends.count()).toBe(3);

    // Silence a host from an event of it, with the preview before. One press is without the reason, and leads to its field.
    const silence = await openConsole(browser, home);
    const silences = person();
    await silences.press(silence.locator('.row', { hasText: 'disk.usage' }).filter({ hasText: 'web-3' }).locator('a'));
    await silences.press(link(silence, 'Silence…'));
    await silence.getByRole('heading', { name: 'It would have hidden, in the last 24 h' }).waitFor(SHOWN);
    await silences.press(button(silence, 'Silence for 2h'));
    await expect
      .poll(() => silence.getByLabel('Reason (required)').evaluate((one) => one === document.activeElement), SHOWN)
      .toBe(true);
    await silence.keyboard.type('the disk is being replaced');
    await silences.press(button(silence, 'Silence for 2h'));
    await silence.getByText('The silence is made.').waitFor(SHOWN);
    expect(silences.count()).toBe(4);

    // Changes of the rules: the number of the generation leads there.
    const changes = await openConsole(browser, home);
    const looks = person();
    await looks.press(changes.getByRole('link', { name: /^generation/ }));
    await changes.getByText('throttle: { max: 1, per: 30m }').waitFor(SHOWN);
    expect(looks.count()).toBe(1);

    // Acknowledge from a phone: the second press is where the thumb is.
    const phone = await openConsole(browser, home, { width: 375, height: 720 });
    const thumb = person();
    await thumb.press(link(phone, /firing/));
    await phone.locator('.thumb .primary').waitFor(SHOWN);
    expect((await phone.locator('.thumb .primary').boundingBox())!.y).toBeGreaterThan(600);
    await thumb.press(phone.locator('.thumb .primary'));
    await phone.getByText('db-1 is acknowledged.').waitFor(SHOWN);
    expect(thumb.count()).toBe(2);
  },
  120_000,
);
