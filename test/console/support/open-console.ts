import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect, onTestFinished, vi } from 'vitest';
import type { Home } from '../../support/daemon.ts';

/** Each of these tests starts a daemon and a browser, which takes long on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

export interface ConsoleOptions {
  /** Part of the address after `#/`. */
  readonly at?: string;
  /** Token of the session; default: the first token of the daemon, which may do everything. null: nobody is logged in. */
  readonly token?: string | null;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  readonly language?: 'en' | 'zh';
  /** Other origin than that of the daemon, such as a proxy, with the path of the console. */
  readonly base?: string;
}

/** Time for a page to show what is expected. Tests wait for a change, never for a time. */
export const SHOWN = { timeout: 20_000 };

/** Opens the console in a tab of its own session. A violation of the content policy or an error of a script fails the test. */
export async function openConsole(browser: Browser, home: Home, options: ConsoleOptions = {}): Promise<Page> {
  const { at = '', width = 1280, height = 800, theme = 'light', language = 'en' } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    ...(width < 720 && { hasTouch: true, isMobile: true }),
  });
  onTestFinished(() => context.close());
  const token = options.token === undefined ? await firstToken(home) : options.token;
  if (token !== null) await context.addInitScript((given) => sessionStorage.setItem('belfry.token', given), token);
  const page = await context.newPage();
  failOnFaults(context, page);
  await page.goto(`${options.base ?? `http://${home.address}/`}#/${at}`);
  return page;
}

/** Token that the first start of the daemon made. */
export async function firstToken(home: Home): Promise<string> {
  return (await readFile(home.path('state', 'token'), 'utf8')).trim();
}

function failOnFaults(context: BrowserContext, page: Page): void {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /content security policy|refused to/i.test(message.text()))
      faults.push(message.text());
  });
  void context;
  onTestFinished(() => expect(faults).toEqual([]));
}
