import type { CDPSession, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';

/** Rows in the page at 800 px: those in view, and a few above and below. */
const MAX_ROWS = 60;
/** Lines that the live feed keeps. */
const MAX_LINES = 500;
/** Events of one request. Each of them is a message of the feed. */
const AT_ONCE = 1000;

async function openDaemon(): Promise<Home> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(
    'channels:\n  journal: { type: log }\nrules:\n  - { name: all, match: { type: tick }, throttle: { max: 1, per: 1h }, notify: journal }\n',
  );
  await home.start();
  return home;
}

/** Posts events with the subjects `n-FROM` to `n-TO`. */
async function post(home: Home, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += AT_ONCE) {
    const events = Array.from({ length: AT_ONCE }, (_, index) => ({
      type: 'tick',
      subject: `n-${first + index + 1}`,
      data: { text: 'x'.repeat(200) },
    }));
    await home.call('POST', '/v1/events', events);
  }
}

const rows = (page: Page): Promise<number> => page.locator('.list .row').count();
const length = (page: Page): Promise<number> =>
  page.locator('.list .row').first().getAttribute('aria-setsize').then(Number);

/** Scrolls down until the list has `wanted` rows and the last one is shown. Returns the most rows that were in the page at a time. */
async function scrollToEnd(wanted: number): Promise<number> {
  let most = 0;
  for (let isEnd = false; !isEnd; ) {
    scrollTo({ top: document.body.scrollHeight });
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const shown = [...document.querySelectorAll('.list .row')];
    most = Math.max(most, shown.length);
    isEnd = shown.at(-1)?.getAttribute('aria-posinset') === String(wanted);
  }
  return most;
}

/** Bytes of live JavaScript objects, and the numbers of nodes and listeners, after a garbage collection. */
async function measured(session: CDPSession): Promise<{ heap: number; nodes: number; listeners: number }> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((metric) => metric.name === name)!.value;
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

test.skipIf(!hasBrowser)(
  `a history of 10,000 events is scrolled to its end with a few rows in the page${needsBrowser}`,
  async () => {
    const home = await openDaemon();
    await post(home, 0, 10_000);
    const page = await openConsole(await openBrowser(), home, { at: 'events' });
    await page.getByText('n-10000', { exact: true }).waitFor(SHOWN);
    expect(await page.evaluate(scrollToEnd, 10_000)).toBeLessThan(MAX_ROWS);
    await page.getByText('n-1', { exact: true }).waitFor(SHOWN);
  },
);

test.skipIf(!hasBrowser)(`the first page keeps its size while events come for hours${needsBrowser}`, async () => {
  const home = await openDaemon();
  const page = await openConsole(await openBrowser(), home);
  await page.getByRole('heading', { name: 'Live' }).waitFor(SHOWN);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const after = async (from: number, to: number): Promise<Awaited<ReturnType<typeof measured>>> => {
    for (let first = from; first < to; first += AT_ONCE) {
      await post(home, first, first + AT_ONCE);
      await page.getByText(`n-${first + AT_ONCE}`, { exact: true }).waitFor(SHOWN);
    }
    expect([await length(page), await rows(page)]).toEqual([MAX_LINES, expect.any(Number)]);
    expect(await rows(page)).toBeLessThan(MAX_ROWS);
    return measured(session);
  };
  // Code that the browser compiles at the beginning takes up to 600 kB.
  const first = await after(0, 6000);
  const second = await after(6000, 11_000);
  // Lines that were kept would be more than 200 bytes each, 1 MB in all.
  expect(second.heap - first.heap).toBeLessThan(500_000);
  expect(second.nodes - first.nodes).toBeLessThan(500);
  expect(second.listeners - first.listeners).toBeLessThan(50);
});
