import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Path of Debian's package `chromium`. */
export const CHROMIUM = '/usr/bin/chromium';
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const hasBrowser = existsSync(CHROMIUM);
/** Suffix for the titles of tests that are skipped without it. */
export const needsBrowser = hasBrowser ? '' : ' (skipped: install the Debian package chromium)';

/** Opens a real browser with an empty profile, closed when the test ends. */
export async function openBrowser(...more: readonly string[]): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...more] });
  onTestFinished(() => browser.close());
  return browser;
}

const PAGE = '<!doctype html><title>app</title><script>const load = (url) => import(url)</script>';

export interface Site {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Opens its page, which is empty but for the function `load(url)`: `import()` as vitest does not see it. */
  open(browser: Browser): Promise<Page>;
}

/** Web application of another origin: a server on another port with an empty page and a backend. */
export async function openSite(backend: Readonly<Record<string, () => Promise<unknown>>> = {}): Promise<Site> {
  const server = createServer((request, response) => {
    const answer = backend[request.url ?? '/'];
    if (answer === undefined) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      return;
    }
    answer().then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      () => response.writeHead(502).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async open(browser) {
      const page = await browser.newPage();
      await page.goto(origin);
      return page;
    },
  };
}
