import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { test } from 'vitest';
import { ADDRESSES } from '../console/support/addresses.ts';
import { type ConsoleOptions, openConsole } from '../console/support/open-console.ts';
import { openBrowser } from '../support/browser.ts';
import { openPictureScenario, type PictureScenario } from './more.ts';

const root = path.resolve(import.meta.dirname, '../..');
const FOLDER = path.join(root, '.screenshots');
const DOCS_FOLDER = path.join(root, 'docs/console');
/** Widths by the names in the files: a laptop and a phone. */
const SIZES = { wide: [1280, 800], phone: [375, 720] } as const;
/** Pages whose pictures are wanted: a name, or the beginning of one; all if not set. `--docs`: the pictures of `docs/console.md`. */
const WANTED = process.env.BELFRY_PAGES ?? '';
const isForDocs = WANTED === '--docs';

interface Look {
  readonly size: keyof typeof SIZES;
  readonly theme: 'light' | 'dark';
  readonly language: 'en' | 'zh';
}

type Hash = (scenario: PictureScenario) => string;

/** Address of a page of `ADDRESSES`. */
const pageOf =
  (name: string): Hash =>
  ({ ids }) =>
    ADDRESSES.find((page) => page.name === name)!.hash(ids);

/** Pictures of `docs/console.md` and its Chinese page: the file, the page, and what differs from a wide, light page in English. */
const DOCS: readonly (readonly [file: string, hash: Hash, look?: Partial<Look>])[] = [
  ['home', pageOf('home')],
  ['home-zh', pageOf('home'), { language: 'zh' }],
  ['wall', pageOf('wall'), { theme: 'dark' }],
  ['alerts', pageOf('alerts')],
  ['alerts-phone', pageOf('alerts'), { size: 'phone', theme: 'dark' }],
  ['event', pageOf('event-throttled')],
  ['event-no-match', pageOf('event-unmatched')],
  ['delivery', pageOf('delivery-dead')],
  ['dead-resend', pageOf('dead-resend')],
  ['dead-edit', pageOf('dead-edit')],
  ['silence', pageOf('silences-new')],
  ['channels', pageOf('channels')],
  ['sources', pageOf('sources')],
  ['rules', pageOf('rules')],
  ['rule-changes', pageOf('rule-changes')],
  ['play', ({ service }) => `play?event=${service}&rule=service-down`, { theme: 'dark' }],
];

test.runIf(isForDocs)('pictures of the documentation', async () => {
  await rm(DOCS_FOLDER, { recursive: true, force: true });
  await mkdir(DOCS_FOLDER, { recursive: true });
  const scenario = await openPictureScenario();
  const browser = await openBrowser();
  for (const [name, hash, look] of DOCS) {
    const file = path.join(DOCS_FOLDER, `${name}.png`);
    await takePicture(browser, scenario, hash, { size: 'wide', theme: 'light', language: 'en', ...look }, file);
    compress(file);
  }
});

test.skipIf(isForDocs)('pictures of every page', async () => {
  await mkdir(FOLDER, { recursive: true });
  const scenario = await openPictureScenario();
  const browser = await openBrowser();
  for (const { name } of ADDRESSES.filter((page) => page.name.startsWith(WANTED)))
    for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[])
      for (const theme of ['light', 'dark'] as const)
        for (const language of ['en', 'zh'] as const) {
          const file = path.join(FOLDER, `${name}-${size}-${theme}-${language}.png`);
          await takePicture(browser, scenario, pageOf(name), { size, theme, language }, file);
        }
});

/** Opens a page, waits until it has its data, and writes a picture of it. */
async function takePicture(browser: Browser, scenario: PictureScenario, hash: Hash, look: Look, file: string) {
  const { size, ...rest } = look;
  const [width, height] = SIZES[size];
  const options: ConsoleOptions = { at: hash(scenario), width, height, ...rest };
  const page = await openConsole(browser, scenario.home, options);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.locator('main h1').first().waitFor({ timeout: 10_000 });
  await page.screenshot({ path: file });
  await page.context().close();
}

/** Reduces a picture to a palette: less than half of the bytes, and no difference to the eye. Needs the Debian package `pngquant`. */
function compress(file: string): void {
  const { status, error } = spawnSync('pngquant', [
    '--speed',
    '1',
    '--strip',
    '--force',
    '--output',
    file,
    '128',
    file,
  ]);
  if (status !== 0) throw error ?? new Error(`pngquant ended with ${status} for ${file}`);
}
