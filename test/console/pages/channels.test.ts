import { onTestFinished, expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { openReceiver } from '../../support/receiver.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';

const rulesOf = (origin: string): string => `
channels:
  phone: { type: webhook, url: "${origin}/phone", delivery: { rate: 5/1h } }
  wrong-token: { type: webhook, url: "${origin}/wrong-token" }
rules:
  - { name: disks, on: api, match: { type: disk.full }, message: { title: "Disk of {{ data.host }}" }, notify: [phone, wrong-token] }
`;

async function open() {
  const receiver = await openReceiver();
  onTestFinished(() => receiver.close());
  receiver.statuses.set('wrong-token', 401);
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(rulesOf(receiver.origin));
  await home.start();
  const body = { type: 'disk.full', data: { host: '<b>db1</b>' } };
  const posted = await home.call<{ events: { id: string }[] }>('POST', '/v1/events?wait=5s', body);
  return { home, receiver, event: posted.body.events[0]!.id, browser: await openBrowser() };
}

test.skipIf(!hasBrowser)(
  `a channel in trouble comes first, and is tested, held with a reason, and released${needsBrowser}`,
  async () => {
    const { home, receiver, event, browser } = await open();
    const page = await openConsole(browser, home, { at: 'channels' });
    const rows = page.getByRole('listitem').filter({ hasText: 'webhook' });
    await expect.poll(() => rows.allInnerTexts(), SHOWN).toHaveLength(2);
    const [first, second] = await rows.allInnerTexts();
    expect(first).toMatch(/misconfigured\s+wrong-token[\s\S]*http\.401/);
    expect(second).toMatch(/ok\s+phone[\s\S]*4 of 5 left \/ 1h[\s\S]*last success/);
    receiver.statuses.delete('wrong-token');
    await rows.first().click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('It sends.').waitFor(SHOWN);

    await page.goto(`http://${home.address}/#/channels/phone?do=test&rule=disks&event=${event}`);
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByText('Disk of <b>db1</b>').waitFor(SHOWN);
    expect(page.url()).toMatch(/#\/channels\/phone$/);

    await page.getByRole('button', { name: 'Hold…' }).click();
    await page.getByLabel('For').fill('2h');
    await page.getByLabel('Reason').fill('move of the server');
    await page.getByRole('dialog').getByRole('button', { name: 'Hold' }).click();
    await page.getByText(/held .* by first: move of the server/).waitFor(SHOWN);
    await page.getByRole('button', { name: 'Release' }).click();
    await page.getByText('It sends.').waitFor(SHOWN);
  },
);
