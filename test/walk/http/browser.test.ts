import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser, openSite, type Site } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';

const RULES = `
sources:
  hook: { type: webhook, path: /hooks/open, methods: [GET, POST] }
  job: { type: heartbeat, every: 1d }
channels:
  alice: { type: websocket, to: [alice] }
  journal: { type: log }
rules:
  - { name: pushed, on: api, message: { title: "{{ data.n }}" }, notify: [alice] }
  - { name: heard, on: [hook, job], notify: [journal] }
`;

interface Ticket {
  readonly ticket: string;
}

async function openHome(origins: readonly string[]): Promise<Home> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await list(home, origins);
  await home.start();
  return home;
}

const list = (home: Home, origins: readonly string[]): Promise<void> =>
  home.rules(RULES, 'rules.yaml', origins.length === 0 ? '' : `  origins: ${JSON.stringify(origins)}\n`);

const ticketOf = async (home: Home): Promise<Ticket> =>
  (await home.call<Ticket>('POST', '/v1/stream/tickets', { user: 'alice' })).body;

/** Posts an event; resolves with the state of its delivery once it is acknowledged. */
async function push(home: Home, n: number): Promise<unknown> {
  const posted = await home.call('POST', '/v1/events?wait=5m', { type: 'count', data: { n } });
  return (posted.body as { deliveries: unknown }).deliveries;
}

const deliveriesOf = async (home: Home, query = ''): Promise<unknown> =>
  (await home.call<{ deliveries: unknown }>('GET', `/v1/deliveries${query}`)).body.deliveries;

const UNHURRIED = { timeout: 60_000 };
/** Limit that includes the start of a browser. */
const MOST = 120_000;
const ACKNOWLEDGED = [{ state: 'delivered', receipt: { answer: 'acknowledged by alice' } }];

/** `import()` within a page of `openSite`. */
declare function load<T>(url: string): Promise<T>;

/** State of the application's page. */
interface App {
  heard: string[];
  /** Messages that the page has not finished handling. */
  busy: (() => void)[];
  slow: boolean;
}

/** Example of docs/channels/websocket.md in a page of the application. */
function connectPage(page: Page, address: string): Promise<void> {
  return page.evaluate(async (at) => {
    const app: App = { heard: [], busy: [], slow: false };
    Object.assign(globalThis, { app });
    const { connect } = await load<typeof import('belfry/client')>(`http://${at}/client.js`);
    connect({
      url: `ws://${at}/v1/stream`,
      getTicket: async () => ((await (await fetch('/ticket')).json()) as Ticket).ticket,
      onMessage: ({ title }) => {
        app.heard.push(title);
        return app.slow ? new Promise<void>((resolve) => app.busy.push(resolve)) : undefined;
      },
    });
  }, address);
}

const appOf = (page: Page) => page.evaluateHandle(() => (globalThis as unknown as { app: App }).app);

test.skipIf(!hasBrowser)(
  `a page of a listed origin gets each message once and acknowledges it once, also over a kill of the daemon${needsBrowser}`,
  async () => {
    const site: Site = await openSite({ '/ticket': () => ticketOf(home) });
    const home = await openHome([site.origin]);
    const page = await site.open(await openBrowser());
    await connectPage(page, home.address);
    expect(await push(home, 1)).toMatchObject(ACKNOWLEDGED);

    // The daemon is killed while the page is busy with the second message: its acknowledgement cannot be sent.
    const app = await appOf(page);
    await app.evaluate((own) => void (own.slow = true));
    const { id } = (
      await home.call<{ events: { id: string }[] }>('POST', '/v1/events', { type: 'count', data: { n: 2 } })
    ).body.events[0]!;
    await page.waitForFunction((own) => own.busy.length === 1, app);
    const { address } = home;
    await home.kill();
    await app.evaluate((own) => {
      own.slow = false;
      own.busy[0]!();
    });
    const file = home.path('rules', 'rules.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('127.0.0.1:0', address));
    await home.start();

    await expect.poll(() => deliveriesOf(home, `?event=${id}`), UNHURRIED).toMatchObject(ACKNOWLEDGED);
    expect(await push(home, 3)).toMatchObject(ACKNOWLEDGED);
    expect(await app.evaluate((own) => own.heard)).toEqual(['1', '2', '3']);
    expect(await deliveriesOf(home)).toMatchObject([...ACKNOWLEDGED, ...ACKNOWLEDGED, ...ACKNOWLEDGED]);
  },
  MOST,
);

/** Results of all calls that a page can try. */
function tryAll(page: Page, address: string, ticket: string): Promise<Record<string, string>> {
  return page.evaluate(
    async ({ at, shown }) => {
      const ended = async (work: Promise<unknown>): Promise<string> => {
        try {
          return `fine: ${JSON.stringify(await work)}`;
        } catch (error) {
          return (error as Error).name;
        }
      };
      const opened = (address: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(address, ['belfry.v1']);
          socket.onopen = () => resolve('open');
          socket.onerror = () => reject(new TypeError('refused'));
        });
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"seq":1}' };
      return {
        import: await ended(load(`http://${at}/client.js`).then(() => 'imported')),
        socket: await ended(opened(`ws://${at}/v1/stream?ticket=${shown}`)),
        events: await ended(fetch(`http://${at}/v1/stream?ticket=${shown}`).then(({ status }) => status)),
        ack: await ended(fetch(`http://${at}/v1/stream/ack?ticket=${shown}`, json).then(({ status }) => status)),
        status: await ended(fetch(`http://${at}/healthz`).then(({ status }) => status)),
      };
    },
    { at: address, shown: ticket },
  );
}

test.skipIf(!hasBrowser)(
  `a page of an origin that is not listed gets nothing, until the rules that list it are taken over${needsBrowser}`,
  async () => {
    const home = await openHome(['https://app.example.com']);
    const site = await openSite();
    const page = await site.open(await openBrowser());
    const refused = {
      import: 'TypeError',
      socket: 'TypeError',
      events: 'TypeError',
      ack: 'TypeError',
      status: 'TypeError',
    };
    const { ticket } = await ticketOf(home);
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    expect(await tryAll(page, home.address, ticket)).toEqual(refused);
    expect(said.filter((text) => text.includes('Unexpected response code: 403'))).toHaveLength(1);
    expect(said.filter((text) => text.includes('blocked by CORS policy'))).toHaveLength(4);

    await list(home, [site.origin]);
    await home.logged((line) => line.msg === 'reload: applied');
    // The refused call has not used up the ticket.
    const fine = await tryAll(page, home.address, ticket);
    expect(fine).toEqual({
      ...refused,
      import: 'fine: "imported"',
      socket: 'fine: "open"',
      events: 'fine: 401',
      ack: 'fine: 401',
    });
  },
  MOST,
);

test.skipIf(!hasBrowser)(
  `a listed page may read server-sent events instead, and acknowledges with a ticket of its own${needsBrowser}`,
  async () => {
    const site: Site = await openSite({ '/ticket': () => ticketOf(home) });
    const home = await openHome([site.origin]);
    const page = await site.open(await openBrowser());
    const pushed = push(home, 1);
    await page.evaluate(async (at) => {
      const ticket = async (): Promise<string> => ((await (await fetch('/ticket')).json()) as Ticket).ticket;
      const events = new EventSource(`http://${at}/v1/stream?ticket=${await ticket()}`);
      const seq = await new Promise<number>((resolve) =>
        events.addEventListener('message', ({ data }) => resolve((JSON.parse(data as string) as { seq: number }).seq)),
      );
      events.close();
      await fetch(`http://${at}/v1/stream/ack?ticket=${await ticket()}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ seq }),
      });
    }, home.address);
    expect(await pushed).toMatchObject(ACKNOWLEDGED);
  },
  MOST,
);

test.skipIf(!hasBrowser)(
  `no page that somebody opens raises an event at a hook without \`verify\`, or sends a beat${needsBrowser}`,
  async () => {
    const home = await openHome([]);
    const site = await openSite();
    const page = await site.open(await openBrowser());
    const answers: string[] = [];
    page.on('response', (response) => answers.push(`${response.request().resourceType()} ${response.status()}`));
    for (const target of [`http://${home.address}/hooks/open`, `http://${home.address}/beats/job`]) {
      const answered = () => page.waitForResponse(target);
      const form = `<form method=post action=${target}><input name=a value=b><button>send</button></form>`;
      await page.evaluate((url) => fetch(url, { method: 'POST', mode: 'no-cors', body: 'raised by a page' }), target);
      await page.setContent(`<img src="${target}">`);
      await page.setContent(`<iframe sandbox=allow-forms srcdoc="${form}"></iframe>`);
      await Promise.all([answered(), page.frameLocator('iframe').locator('button').click()]);
      await page.setContent(form);
      await Promise.all([answered(), page.locator('button').click()]);
      await page.goto(site.origin);
    }
    const refused = answers.filter((answer) => answer.endsWith(' 403'));
    expect(new Set(refused)).toEqual(new Set(['fetch 403', 'document 403']));
    expect((await home.call<{ events: unknown[] }>('GET', '/v1/events?source=hook')).body.events).toEqual([]);
    const { body } = await home.call<{ sources: { name: string; detail?: string }[] }>('GET', '/v1/status');
    expect(body.sources.find(({ name }) => name === 'job')?.detail).toContain('new');
  },
  MOST,
);
