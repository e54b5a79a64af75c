import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { ADDRESSES } from '../support/addresses.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { openScenario } from '../support/scenario.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Limit for a busy machine: there are two dozen views. */
const MOST = 300_000;
const SIZES = [
  { width: 1280, height: 800 },
  { width: 375, height: 720 },
];
const THEMES = ['light', 'dark'] as const;
const SERIOUS: readonly string[] = ['serious', 'critical'];

/** Serious findings of axe in what the page shows now. `isWhole`: all rules, not only those about colours. */
async function findingsOf(page: Page, isWhole: boolean): Promise<readonly string[]> {
  const options = { resultTypes: ['violations'], ...(!isWhole && { runOnly: ['color-contrast'] }) };
  const { violations } = await page.evaluate(
    (given) => (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run(given),
    options,
  );
  return violations
    .filter(({ impact }) => SERIOUS.includes(impact ?? ''))
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary = '' }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

/** Findings in both widths and both themes. The theme changes colours only. */
async function findingsByView(page: Page, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const size of SIZES)
    for (const colorScheme of THEMES) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const finding of await findingsOf(page, colorScheme === 'light'))
        found.push(`${name} ${size.width} ${colorScheme}: ${finding}`);
    }
  return found;
}

/** Loads an address anew and waits until everything on its page is there. */
async function open(page: Page, hash: string): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}#/${hash}`);
  await page.reload();
  await page.locator('h1').first().waitFor(SHOWN);
  await expect.poll(() => page.locator('.loading, [aria-busy="true"]').count(), SHOWN).toBe(0);
  await page.evaluate(AXE);
}

test.skipIf(!hasBrowser)(
  `no page has a serious finding of axe, in both themes and both widths${needsBrowser}`,
  async () => {
    const { home, ids } = await openScenario();
    const page = await openConsole(await openBrowser(), home);
    const found: string[] = [];
    for (const { name, hash } of [...ADDRESSES, { name: 'login', hash: () => 'login' }]) {
      await open(page, hash(ids));
      found.push(...(await findingsByView(page, name)));
    }
    await open(page, '');
    await page.keyboard.press('?');
    found.push(...(await findingsByView(page, 'help')));
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Menu' }).click();
    found.push(...(await findingsOf(page, true)).map((finding) => `menu: ${finding}`));
    expect(found).toEqual([]);
  },
  MOST,
);
