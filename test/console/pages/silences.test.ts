import { expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { openScenario } from '../support/scenario.ts';

test.skipIf(!hasBrowser)(
  `a host is silenced for two hours after its preview, which another browser shows and ends${needsBrowser}`,
  async () => {
    const { home } = await openScenario();
    const browser = await openBrowser();
    const other = await openConsole(browser, home, { at: 'silences' });
    const page = await openConsole(browser, home, { at: 'alerts' });
    const row = page.getByRole('listitem').filter({ hasText: 'web-3' });
    await row.getByRole('link', { name: 'Silence…' }).click(SHOWN);

    // The host in place of the rule and the key, from the values of the alert.
    for (const value of ['data.host=web-3', 'rule=disk-full', 'key=web-3'])
      await page.getByRole('button', { name: value }).click(SHOWN);
    expect(new URLSearchParams(page.url().split('?')[1]).get('match')).toBe('{"data.host":"web-3"}');
    const plan = page.locator('.plan[aria-busy="false"]');
    await expect.poll(() => plan.innerText(), SHOWN).toMatch(/^1\s+event\s+2\s+notifications\s+1\s+alert/);
    const example = page.getByRole('list', { name: 'Latest events of these' }).getByRole('listitem');
    expect((await example.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
      expect.stringContaining('notified disk-full web-3 → ops, phone'),
    ]);

    // A mistake is shown at its place.
    await page.getByRole('button', { name: '+ Condition' }).click();
    await page.getByLabel('Path').last().fill('rule');
    await page.getByLabel('Value of rule').fill('disk-ful');
    await page.getByText('did you mean').waitFor(SHOWN);
    await page.getByRole('button', { name: 'Remove rule' }).click();

    await page.getByLabel('Reason').fill('its disk is being replaced');
    await page.getByRole('button', { name: 'Silence for 2h' }).click();
    await page.getByRole('heading', { name: 'data.host=web-3' }).waitFor(SHOWN);
    await page.goto(page.url().replace(/#.*/, '#/alerts'));
    await expect.poll(() => row.getByText('silenced').count(), SHOWN).toBe(1);

    const theirs = other.getByRole('listitem').filter({ hasText: 'web-3' });
    await theirs.getByRole('button', { name: 'Expire' }).click(SHOWN);
    await expect.poll(() => theirs.innerText(), SHOWN).toContain('expired');
    await expect.poll(() => row.getByText('silenced').count(), SHOWN).toBe(0);
  },
);
