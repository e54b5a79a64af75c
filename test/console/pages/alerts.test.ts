import { expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { HOSTILE, openScenario } from '../support/scenario.ts';

test.skipIf(!hasBrowser)(
  `an alert is acknowledged on a phone by two taps from the first page, and another browser shows it${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const browser = await openBrowser();
    const phone = await openConsole(browser, home, { width: 375, height: 720, theme: 'dark' });
    const laptop = await openConsole(browser, home, { at: 'alerts' });
    await phone.getByRole('link', { name: '3 firing' }).tap(SHOWN);
    const acknowledge = phone.getByRole('button', { name: 'Acknowledge db-1' });
    await acknowledge.waitFor(SHOWN);
    const { y, height } = (await acknowledge.boundingBox())!;
    expect([height >= 48, y > 720 - 120]).toEqual([true, true]);
    await acknowledge.tap();

    // The other browser: it stands among the acknowledged ones, below their heading; the oldest stays first.
    const list = laptop.getByRole('list', { name: 'Alerts' });
    const order = async (): Promise<string[]> =>
      (await list.locator('h2, .alert-head strong').allInnerTexts()).map((text) => text.trim());
    await expect.poll(order, SHOWN).toEqual(['Firing · 2', 'db-9', 'web-3', 'Acknowledged · 2', 'db-1', 'db-2']);
    await expect(list.getByText('silenced').count()).resolves.toBe(1);

    // With the keyboard: the third row is db-1, whose acknowledgement is taken back with a note.
    for (const key of ['j', 'j', 'j', 'Enter']) await laptop.keyboard.press(key);
    await laptop.getByRole('heading', { name: 'db-1' }).waitFor(SHOWN);
    await laptop.getByLabel('Note').fill('not mine');
    await laptop.getByRole('button', { name: 'Take back' }).click();
    await laptop.getByText('not mine').waitFor(SHOWN);
    await phone.getByRole('button', { name: 'Acknowledge db-1' }).waitFor(SHOWN);
  },
);

test.skipIf(!hasBrowser)(
  `keys and labels from events are text, and a token of scope read sees no button${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    await home.call('POST', '/v1/events', {
      type: 'disk.usage',
      data: { host: HOSTILE, percent: 99 },
      subject: HOSTILE,
    });
    const { body } = await home.call<{ ticket: string }>('POST', '/v1/console/tickets', { scope: 'read' });
    const login = await home.call<{ token: string }>('POST', '/v1/console/login', { ticket: body.ticket });
    const browser = await openBrowser();
    const page = await openConsole(browser, home, { at: 'alerts', token: login.body.token });
    await page.getByRole('link', { name: HOSTILE }).click(SHOWN);
    await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText(), SHOWN).toBe(HOSTILE);
    await page.getByText('data.host').waitFor(SHOWN);
    await expect.poll(() => page.getByRole('list', { name: 'History' }).getByRole('link').count(), SHOWN).toBe(3);
    expect(await page.title()).toBe(`${HOSTILE} · Belfry`);
    expect(await page.locator('main img, main b').count()).toBe(0);
    expect(await page.getByRole('button', { name: /Acknowledge|Resolve/ }).count()).toBe(0);
  },
);
