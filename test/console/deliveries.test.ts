import { expect, onTestFinished, test } from 'vitest';
import type { DeliveryView } from '../../daemon/http/views.ts';
import { hasBrowser, needsBrowser, openBrowser } from '../support/browser.ts';
import { openFixture } from '../support/daemon-fixture.ts';
import { openTestServer } from '../support/test-server.ts';
import { openConsole, SHOWN } from './support/open-console.ts';
import { HOSTILE } from './support/scenario.ts';

const RULES = (origin: string): string => `channels:
  ops: { type: webhook, url: "${origin}/hooks/kx83jd02secret", headers: { X-Team: blue team }, delivery: { retry: [1h] } }
rules:
  - { name: disk, match: { type: disk }, notify: ops, message: { title: "{{ data.text }}" } }
`;
const READER = 'read-token-0123456789';

test.skipIf(!hasBrowser)(
  `from the list to the request, the answer and the retry of a delivery, without its secrets${needsBrowser}`,
  async () => {
    const { home, post } = await openFixture(onTestFinished);
    const server = await openTestServer();
    onTestFinished(() => server.close());
    server.answer({ status: 503, body: `overloaded ${HOSTILE}` });
    await home.rules(RULES(server.origin));
    await home.start();
    await post({ type: 'disk', data: { text: HOSTILE } });
    const view = async () =>
      (await home.call<{ deliveries: DeliveryView[] }>('GET', '/v1/deliveries')).body.deliveries[0]!;
    await expect.poll(async () => (await view()).attempts.length).toBe(1);

    const browser = await openBrowser();
    const page = await openConsole(browser, home, { at: 'deliveries?class=transient&state=pending' });
    const row = page.getByRole('link', { name: /pending.*ops/ });
    await row.waitFor(SHOWN);
    expect(await row.innerText()).toContain('http.503');
    await row.click();

    await page.getByRole('heading', { name: 'Last request and answer' }).waitFor(SHOWN);
    const shown = await page.locator('main').innerText();
    expect(shown).toContain(`POST ${server.origin}/***`);
    expect(shown).toMatch(/x-team\s+\*\*\*/);
    expect(shown).toContain(`overloaded ${HOSTILE.replace('\u202e', '')}`.slice(0, 30));
    expect(shown).toContain('it is tried again');
    expect(shown).not.toMatch(/kx83jd02|blue team/);
    expect(await page.title()).not.toBe('1');

    server.answer({ status: 200, body: 'thanks' });
    await page.getByRole('button', { name: 'Retry now' }).click();
    await page.getByText('The provider has accepted it.').waitFor(SHOWN);
    expect(await page.getByRole('button', { name: 'Retry now' }).count()).toBe(0);
    await page.getByLabel('Answer').getByText('thanks').waitFor(SHOWN);
    expect(new URL(page.url()).hash).toBe(`#/deliveries/${(await view()).id}`);
  },
);

test.skipIf(!hasBrowser)(`a token that may only read is offered no change${needsBrowser}`, async () => {
  const { home, receiver, channel, post } = await openFixture(onTestFinished);
  receiver.statuses.set('ops', 503);
  await home.rules(
    `${channel}rules: [{ name: disk, match: { type: disk }, notify: ops }]\n`,
    'rules.yaml',
    `  tokens: [{ name: reader, token: ${READER}, scopes: [read] }]\n`,
  );
  await home.start();
  await post({ type: 'disk' });
  const page = await openConsole(await openBrowser(), home, { at: 'deliveries', token: READER });
  await page.getByRole('link', { name: /pending.*ops/ }).click(SHOWN);
  await page.getByText('It waits for its next attempt.').waitFor(SHOWN);
  expect(
    await page
      .locator('main')
      .getByRole('button', { name: /Retry|Test|Release/ })
      .count(),
  ).toBe(0);
});
