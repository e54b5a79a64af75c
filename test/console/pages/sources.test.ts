import { onTestFinished, expect, test } from 'vitest';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { openConsole, SHOWN } from '../support/open-console.ts';

const RULES = `
sources:
  backup: { type: heartbeat, every: 1d, grace: 2h }
  hosts: { type: heartbeat, every: 1h, key: "{{ data.host }}" }
  ci: { type: webhook, path: /hooks/ci, verify: { bearer: a-long-secret } }
  morning: { type: schedule, cron: "0 9 * * 1-5", timezone: UTC }
rules: []
`;

test.skipIf(!hasBrowser)(
  `sources show what they expect and what came: beats, due times, requests and refusals${needsBrowser}`,
  async () => {
    const home = await Home.make();
    onTestFinished(() => home.close());
    await home.rules(RULES);
    await home.start();
    const send = (path: string, init?: RequestInit) => fetch(`http://${home.address}${path}`, init);
    await send('/beats/backup');
    await send('/beats/hosts/3?key=web-1', { method: 'POST' });
    await send('/beats/hosts?key=web-2');
    await send('/hooks/ci', { method: 'POST', headers: { authorization: 'Bearer wrong' } });
    const page = await openConsole(await openBrowser(), home, { at: 'sources' });
    const rows = page.getByRole('listitem').filter({ hasText: /heartbeat|webhook|schedule/ });
    await expect.poll(() => rows.count(), SHOWN).toBe(4);
    const [hosts, backup, ci, morning] = await rows.allInnerTexts();
    expect(hosts).toMatch(/down\s+hosts[\s\S]*1 down, 1 up/);
    expect(backup).toMatch(/running\s+backup[\s\S]*due in 2[34]h/);
    expect(ci).toMatch(/ci[\s\S]*\/hooks\/ci[\s\S]*no request yet[\s\S]*refused/);
    expect(morning).toMatch(/morning[\s\S]*0 9 \* \* 1-5[\s\S]*Next due in/);

    await rows.first().click();
    const beats = page.getByRole('list', { name: 'Beats' }).getByRole('listitem');
    await expect
      .poll(() => beats.allInnerTexts(), SHOWN)
      .toEqual([expect.stringMatching(/down\s+web-1\s+failed/), expect.stringMatching(/up\s+web-2\s+due in 59m/)]);
    expect(await page.locator('.pings li').allInnerTexts()).toEqual([
      expect.stringMatching(/beat\s+web-2/),
      expect.stringMatching(/fail\s+web-1\s+exit code 3/),
    ]);

    await page.goto(`http://${home.address}/#/sources/ci`);
    await page.getByText('the request does not prove who sent it').waitFor(SHOWN);
  },
);
