import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { needsBrowser, openBrowser, openSite } from '../../support/browser.ts';
import { attacksOn } from '../support/attack.ts';
import { storedCount } from '../support/send.ts';

const SCRIPT = path.join(import.meta.dirname, 'hostile-page.js');

/** Functions of hostile-page.js, which run in the browser. */
interface Hostile {
  requests(to: string): Promise<void>;
  readable(origin: string, paths: readonly string[], token: string): Promise<number>;
  socket(url: string, protocols: readonly string[]): Promise<string>;
  events(url: string): Promise<string>;
  statuses(paths: readonly string[], token: string): Promise<number[]>;
  open(url: string): void;
  hasHandle(): boolean;
  frame(url: string): void;
}

const attack = attacksOn({
  rules: () => `sources:
  open: { type: webhook, path: /hooks/open, methods: [GET, POST] }
  job: { type: heartbeat, every: 1d }
channels:
  alice: { type: websocket, to: [alice] }
rules:
  - { name: pushed, on: api, match: { type: pushed }, notify: alice }
`,
});

/** Runs a function of the hostile page. */
function run<N extends keyof Hostile>(
  page: Page,
  name: N,
  ...args: Parameters<Hostile[N]>
): Promise<Awaited<ReturnType<Hostile[N]>>> {
  const call = ([method, given]: readonly [string, readonly unknown[]]): unknown =>
    (globalThis as unknown as { hostile: Record<string, (...all: readonly unknown[]) => unknown> }).hostile[method]!(
      ...given,
    );
  return page.evaluate(call, [name, args] as const) as Promise<Awaited<ReturnType<Hostile[N]>>>;
}

/** Page of another site with the script, and the statuses of all answers from the daemon that its requests get. */
async function openHostile(browser: Browser, port: number): Promise<{ page: Page; statuses: number[] }> {
  const site = await openSite();
  const page = await site.open(browser);
  await page.addScriptTag({ path: SCRIPT });
  const statuses: number[] = [];
  page.on('response', (response) => {
    if (new URL(response.url()).port === `${port}`) statuses.push(response.status());
  });
  return { page, statuses };
}

/** Calls by which a page would change something. */
const CHANGES = [
  '/v1/events',
  '/v1/reload',
  '/v1/dead/resend',
  '/v1/silences',
  '/v1/channels/alice/hold',
  '/v1/console/tickets',
  '/v1/stream/tickets',
  '/v1/events/rerun',
];
/** Paths that need no token on the loopback. */
const OPEN = ['/', '/healthz', '/readyz', '/metrics', '/openapi.json', '/client.js'];
/** Answers that each call of `requests` gets at least; others may be blocked by the browser. */
const LEAST_ANSWERS = 8;

attack(
  'B18',
  async (target) => {
    const { page, statuses } = await openHostile(await openBrowser(), target.port);
    const urls = ['/hooks/open', '/beats/job', '/beats/job/fail'].flatMap((to) =>
      ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${target.port}${to}`),
    );
    for (const url of urls) {
      const before = statuses.length;
      await run(page, 'requests', url);
      await expect.poll(() => statuses.length - before).toBeGreaterThanOrEqual(LEAST_ANSWERS);
    }
    expect(new Set(statuses)).toEqual(new Set([403]));
    expect([await storedCount(target, 'open'), await storedCount(target, 'job')]).toEqual([0, 0]);
  },
  needsBrowser,
);

attack(
  'B19',
  async (target) => {
    const { page, statuses } = await openHostile(await openBrowser(), target.port);
    const before = await storedCount(target, 'api');
    for (const to of CHANGES) await run(page, 'requests', `${target.origin}${to}`);
    await expect.poll(() => statuses.length).toBeGreaterThanOrEqual(LEAST_ANSWERS * CHANGES.length);
    // Even with a token that leaked, a page of another origin gets nothing.
    expect(
      await run(page, 'readable', target.origin, [...CHANGES, ...OPEN, '/v1/status', '/v1/backup'], target.token),
    ).toBe(0);
    expect(statuses.filter((status) => status === 202)).toEqual([]);
    expect(await storedCount(target, 'api')).toBe(before);
    const { body } = await target.home.call<{ silences: unknown[] }>('GET', '/v1/silences');
    expect(body.silences).toEqual([]);
  },
  needsBrowser,
);

attack(
  'B20',
  async (target) => {
    const { page } = await openHostile(await openBrowser(), target.port);
    const { body } = await target.home.call<{ ticket: string }>('POST', '/v1/stream/tickets', { user: 'alice' });
    const socketOrigin = target.origin.replace('http', 'ws');
    for (const to of ['/v1/feed', '/v1/stream?user=alice', `/v1/stream?ticket=${body.ticket}`]) {
      for (const protocols of [[], ['belfry.v1'], ['belfry.v1', `bearer.${target.token}`]])
        expect([to, await run(page, 'socket', `${socketOrigin}${to}`, protocols)]).toEqual([to, 'refused']);
      expect([to, await run(page, 'events', `${target.origin}${to}`)]).toEqual([to, 'refused']);
    }
  },
  needsBrowser,
);

attack(
  'B21',
  async (target) => {
    const browser = await openBrowser('--host-resolver-rules=MAP evil.example 127.0.0.1');
    const page = await browser.newPage();
    const before = await storedCount(target, 'open');
    const opened = await page.goto(`http://evil.example:${target.port}/`);
    expect(opened!.status()).toBe(421);
    // The page is now of the origin of the daemon, as far as the browser knows.
    await page.addScriptTag({ path: SCRIPT });
    const paths = ['/v1/status', '/v1/events', ...OPEN, '/hooks/open'];
    expect(await run(page, 'statuses', paths, target.token)).toEqual([...paths.slice(1).map(() => 421), 403]);
    const url = `ws://evil.example:${target.port}/v1/feed`;
    expect(await run(page, 'socket', url, ['belfry.v1', `bearer.${target.token}`])).toBe('refused');
    expect(await storedCount(target, 'open')).toBe(before);
  },
  needsBrowser,
);

attack(
  'B22',
  async ({ home, origin, port }) => {
    const newTicket = async (): Promise<string> =>
      (await home.call<{ ticket: string }>('POST', '/v1/console/tickets', {})).body.ticket;
    const login = async (ticket: string): Promise<number> =>
      (await home.call('POST', '/v1/console/login', { ticket })).status;
    const once = await newTicket();
    expect([await login(once), await login(once), await login('x'.repeat(43))]).toEqual([200, 401, 401]);
    const { page } = await openHostile(await openBrowser(), port);
    const popup = page.waitForEvent('popup');
    await run(page, 'open', `${origin}/#/login?ticket=${await newTicket()}`);
    const shown = await popup;
    // `waitForFunction` would need `eval`, which the policy of the page forbids.
    await expect.poll(() => shown.evaluate('sessionStorage.length')).toBeGreaterThan(0);
    expect([await run(page, 'hasHandle'), await shown.evaluate('window.opener === null')]).toEqual([false, true]);
    await run(page, 'frame', `${origin}/`);
    await expect.poll(() => page.frames().at(-1)!.url()).toMatch(/^chrome-error:/);
  },
  needsBrowser,
);
