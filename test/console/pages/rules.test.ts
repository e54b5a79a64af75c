import { writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { openFixture } from '../../support/daemon-fixture.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';
import { HOSTILE } from '../support/scenario.ts';

test.skipIf(!hasBrowser)(
  `rules are shown with what each did last, a refused save in place, and what was changed${needsBrowser}`,
  async () => {
    const { home, receiver, channel, post } = await openFixture(onTestFinished);
    const write = (dedupe: string, more = '') =>
      home.rules(`${channel}rules:
  # ${HOSTILE}
  - name: deploys
    match: { type: deploy.failed }
    ${dedupe}
    notify: [ops]
${more}`);
    await write('dedupe: 10m');
    await home.rules('rules:\n  - { name: <b>quiet</b>, match: { type: nothing }, notify: [ops] }\n', 'quiet.yaml');
    await writeFile(
      home.path('rules', 'rules.test.yaml'),
      'tests:\n  - name: nothing is sent\n    steps: [{ event: { type: deploy.failed }, outcomes: { deploys: no_match } }]\n',
    );
    await home.start();
    await post({ type: 'deploy.failed' });
    await receiver.until(() => true, 1);

    const page = await openConsole(await openBrowser(), home, { at: 'rules' });
    const row = (name: string) => page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) });
    await row('deploys').getByText('ago').or(row('deploys').getByText('just now')).waitFor(SHOWN);
    await row('deploys').getByText('1 test failed').waitFor(SHOWN);
    expect(await row('<b>quiet</b>').getByText('never').count()).toBe(1);
    expect(await row('deploys').getByRole('img', { name: 'notified 1' }).count()).toBe(1);

    await write('dedup: 5m');
    await page.getByText('`dedup` is not a setting of a rule').waitFor(SHOWN);
    expect(await page.locator('.rule-excerpt mark').textContent()).toBe('dedup');
    expect(await row('rules.yaml').getByText('kept').count()).toBe(1);
    await write('dedupe: 1h');
    await page.getByText('`dedup` is not a setting of a rule').waitFor({ ...SHOWN, state: 'detached' });

    await row('deploys').getByRole('link').click();
    await page.getByText('+    dedupe: 1h').waitFor(SHOWN);
    expect(await page.locator('.rule-source').textContent()).toContain(HOSTILE);
    await page.getByRole('main').getByRole('link', { name: 'generation 2' }).click();
    await page.getByText('by a saved file').first().waitFor(SHOWN);
    expect(page.url()).toContain('#/rules?generation=2');
    expect(await page.locator('details[open] .rule-diff-removed').textContent()).toBe('-    dedupe: 10m\n');

    const many = Array.from(
      { length: 2_500 },
      (_, n) => `  - { name: r${n}, match: { type: t${n} }, notify: [ops] }\n`,
    );
    await home.rules(`rules:\n${many.join('')}`, 'many.yaml');
    await page.getByRole('link', { name: 'In force' }).click();
    await page.getByText('2,502 shown').waitFor(SHOWN);
    expect(await page.getByRole('listitem').count()).toBeLessThan(100);
    await page.keyboard.press('End');
    await page.getByText('deploys', { exact: true }).waitFor(SHOWN);
    expect(await page.title()).toBe('Rules · Belfry');
  },
);
