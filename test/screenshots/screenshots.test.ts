import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'vitest';
import { ADDRESSES } from '../console/support/addresses.ts';
import { openConsole } from '../console/support/open-console.ts';
import { openScenario } from '../console/support/scenario.ts';
import { openBrowser } from '../support/browser.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../.screenshots');
/** Widths by the names in the files: a laptop and a phone. */
const SIZES = { wide: [1280, 800], phone: [375, 720] } as const;
/** Pages whose pictures are wanted: a name, or the beginning of one; all if not set. */
const WANTED = process.env.BELFRY_PAGES ?? '';

test('pictures of every page', async () => {
  await mkdir(FOLDER, { recursive: true });
  const { home, ids } = await openScenario();
  const browser = await openBrowser();
  for (const { name, hash } of ADDRESSES.filter((page) => page.name.startsWith(WANTED)))
    for (const [size, [width, height]] of Object.entries(SIZES))
      for (const theme of ['light', 'dark'] as const)
        for (const language of ['en', 'zh'] as const) {
          const page = await openConsole(browser, home, { at: hash(ids), width, height, theme, language });
          await page.waitForLoadState('networkidle').catch(() => undefined);
          await page.locator('main h1').first().waitFor({ timeout: 10_000 });
          await page.screenshot({ path: path.join(FOLDER, `${name}-${size}-${theme}-${language}.png`) });
          await page.context().close();
        }
});
