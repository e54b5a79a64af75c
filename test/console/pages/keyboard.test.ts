import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { openScenario } from '../support/scenario.ts';

/** Text or label of the element with the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const at = document.activeElement as HTMLElement;
    return at.innerText.trim().split('\n')[0] || at.getAttribute('name') || at.tagName.toLowerCase();
  });

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

test.skipIf(!hasBrowser)(
  `the console is used by keys alone, and the focus is where the reader expects it${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const page = await openConsole(await openBrowser(), home);
    await page.getByRole('link', { name: '3 firing' }).waitFor(SHOWN);

    // A new page begins at its heading. Before the navigation there is a way past it.
    expect(await focused(page)).toBe('Now');
    await page.getByRole('link', { name: 'Belfry', exact: true }).focus();
    await press(page, 'Shift+Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await press(page, 'Enter');
    expect(await focused(page)).toBe('Now');

    await press(page, 'g', 'a');
    await expect.poll(() => focused(page), SHOWN).toBe('Alerts');
    await page.getByRole('link', { name: 'db-1' }).waitFor(SHOWN);
    await press(page, '/');
    expect(await focused(page)).toBe('text');
    // Keys that a field takes are no shortcuts; Escape leaves it.
    await press(page, 'd', 'b', 'Escape', 'j');
    await expect.poll(() => page.getByRole('list', { name: 'Alerts' }).getByRole('link').count(), SHOWN).toBe(6);
    await expect.poll(() => focused(page), SHOWN).toBe('db-1');
    await press(page, 'j', 'k', 'j');
    expect(await focused(page)).toBe('db-9');

    // A dialog takes the focus and gives it back.
    await press(page, '?');
    await page.getByRole('dialog', { name: 'Shortcuts' }).getByText('Acknowledge').waitFor(SHOWN);
    await press(page, 'g', 'h', 'Escape');
    await expect.poll(() => focused(page), SHOWN).toBe('db-9');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await press(page, 'Enter');
    await page.getByRole('heading', { name: 'db-9' }).waitFor(SHOWN);

    // Without single keys, nothing but the help is reached by one.
    await press(page, '?');
    await page.getByLabel('Use these keys').uncheck();
    await press(page, 'Escape', 'g', 'h', '?');
    await page.getByRole('dialog').waitFor(SHOWN);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('db-9');
  },
);

test.skipIf(!hasBrowser)(
  `what happens all the time is not read aloud, and nothing moves for those who want no motion${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const page = await openConsole(await openBrowser(), home);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.getByRole('link', { name: '3 firing' }).waitFor(SHOWN);
    await page.getByText('live', { exact: true }).waitFor(SHOWN);
    await page.evaluate(() => {
      const regions = document.querySelectorAll('[aria-live], [role="status"], [role="alert"], [role="log"]');
      const announced: string[] = [];
      Object.assign(window, { announced, regions: regions.length });
      const observer = new MutationObserver((changes) =>
        announced.push(...changes.map(({ target }) => target.textContent ?? '')),
      );
      for (const region of regions) observer.observe(region, { childList: true, characterData: true, subtree: true });
    });
    for (let count = 0; count < 20; count += 1)
      await home.call('POST', '/v1/events', { type: 'noise', subject: `n${count}` });
    await expect.poll(() => page.getByRole('list', { name: 'Live' }).getByText('n19').count(), SHOWN).toBe(1);
    const { announced, regions, moving } = await page.evaluate(() => ({
      ...(window as unknown as { announced: string[]; regions: number }),
      moving: document.getAnimations().length,
    }));
    expect([announced, regions > 0, moving]).toEqual([[], true, 0]);
  },
);
