import { expect, test, onTestFinished } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { HOSTILE } from '../support/scenario.ts';

const RULES = `
channels: { ops: { type: log }, pager: { type: log } }
rules:
  - name: disk
    match: { type: disk }
    key: "{{ data.host }}"
    message: { title: "Full: {{ data.host }}" }
    notify: ops
`;

test.skipIf(!hasBrowser)(
  `the playground names problems as one types, shows the messages, and runs the rules over the history${needsBrowser}`,
  async () => {
    const home = await Home.make();
    onTestFinished(() => home.close());
    await home.rules(RULES);
    await home.start();
    const events = Array.from({ length: 12 }, () => ({ type: 'disk', data: { host: HOSTILE } }));
    await home.call('POST', '/v1/events', events);
    const browser = await openBrowser();
    const page = await openConsole(browser, home, { at: 'play' });
    const rules = page.getByLabel('Rules', { exact: true });
    await rules.fill('rules:\n  - name: disk\n    match: { type: disk }\n    notify: opps\n');
    await page.getByText('the rule `disk` names a channel that does not exist: `opps`').waitFor(SHOWN);
    expect(await page.locator('.editor-wrong').textContent()).toBe('4');
    await rules.fill(
      'rules:\n  - name: disk\n    match: { type: disk }\n    dedupe: 1h\n    key: "{{ data.host }}"\n    message: { title: "Disk: {{ data.host }}" }\n    notify: [ops, pager]\n',
    );
    await page.getByRole('button', { name: 'Past event…' }).click();
    await page.getByRole('dialog').getByText('disk', { exact: true }).first().click();
    const card = page.getByRole('region', { name: 'disk' });
    await card.getByText(`Disk: ${HOSTILE}`).first().waitFor(SHOWN);
    expect(await card.locator('.message-channel').allTextContents()).toEqual(['ops', 'pager']);
    expect(page.url()).toMatch(/#\/play\?event=/);

    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('2 messages instead of 12').waitFor(SHOWN);
    expect(await page.locator('.compared tr').nth(1).allTextContents()).toEqual(['disk122+1−11']);
    await page.locator('.example a').first().click();
    await page.waitForURL(/#\/events\//);

    await page.goBack();
    await rules.waitFor(SHOWN);
    expect(await rules.inputValue()).toContain('dedupe: 1h');
    await rules.press('Tab');
    expect(await rules.inputValue()).toMatch(/ {2}$/);
    await rules.press('Escape');
    await rules.press('Tab');
    expect(await rules.evaluate((field) => field === document.activeElement)).toBe(false);
    expect((await home.call<{ rules: unknown }>('GET', '/v1/status')).body).toMatchObject({ generation: 1 });
  },
  60_000,
);
